import { expect, onTestFinished, test } from 'vitest'
import { seedOfRun } from './lab/random.ts'
import { makeScratch } from './lab/scratch.ts'
import { runTorture } from './lab/torture.ts'

const seed = seedOfRun()
const kills = Number(process.env.LAB_KILLS ?? 300)

test(`killed ${kills} times under load, the server loses nothing that it acknowledged and shows nothing by half (LAB_SEED=${seed})`, {
  timeout: 1_200_000,
}, async () => {
  const scratch = await makeScratch('torture')
  onTestFinished(scratch.remove)
  const report = await runTorture({ seed, kills, folder: scratch.path })
  // A run that strikes nothing shows nothing.
  expect(report.acknowledged).toBeGreaterThan(kills * 5)
  expect(report.struck).toBeGreaterThan(kills)
  expect(report.struckAndDone).toBeGreaterThan(0)
  expect(report.killedAtCall).toBeGreaterThan(kills / 10)
})
