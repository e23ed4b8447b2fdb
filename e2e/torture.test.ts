import { expect, onTestFinished, test } from 'vitest'
import { seedOfRun } from './lab/random.ts'
import { makeScratch } from './lab/scratch.ts'
import { runTorture } from './lab/torture.ts'

const seed = seedOfRun()

test(`killed 8 times under load, the server loses nothing that it acknowledged (LAB_SEED=${seed})`, async () => {
  const scratch = await makeScratch('torture')
  onTestFinished(scratch.remove)
  const report = await runTorture({ seed, kills: 8, folder: scratch.path })
  expect(report.acknowledged).toBeGreaterThan(8)
  expect(report.struck).toBeGreaterThan(8)
})
