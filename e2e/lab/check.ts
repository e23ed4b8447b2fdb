import { type Settings, vieter } from './vieter.ts'

/**
 * Has `vieter check` look at a data folder: every row its blob, every blob its row, every database as the rows say.
 * Throws with all that it printed unless it finds all well.
 */
export async function checkData(dataFolder: string, words: readonly string[] = []): Promise<void> {
  const settings: Settings = { VIETER_DATA_DIR: dataFolder }
  const { code, stdout, stderr } = await vieter(['check', ...words], { settings })
  if (code !== 0) throw new Error(`vieter check ended with ${code} on ${dataFolder}:\n${stdout}${stderr}`)
}
