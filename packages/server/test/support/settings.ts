import { loadSettings, type Settings } from '@vieter/config'

/** Settings of a server on a free port of this machine, with its data in `folder`. */
export function settingsIn(folder: string, changes: Partial<Settings> = {}): Settings {
  const defaults = loadSettings({
    environment: {
      VIETER_DATA_DIR: folder,
      VIETER_HOST: '127.0.0.1',
      VIETER_PORT: '0',
      VIETER_API_KEY: 'secret',
    },
    readFile: () => '',
  })
  return { ...defaults, ...changes }
}
