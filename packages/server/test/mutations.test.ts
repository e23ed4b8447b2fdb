import { expect, onTestFinished, test } from 'vitest'
import { seedOfRun } from '../../../e2e/lab/random.ts'
import { runMutations } from './fuzz/run-mutations.ts'
import { temporaryFolder } from './support/folders.ts'

const seed = seedOfRun()
const count = Number(process.env.LAB_MUTATIONS ?? 1_000)

/*
 * What is taken is read by bsdtar to its end and has the same paths; all else is refused with a reason, within two
 * seconds. LAB_MUTATIONS tells how many cases, LAB_SEED which.
 */
test(`packages of real makepkg, damaged in ${count} ways, are read or refused (LAB_SEED=${seed})`, async () => {
  const { taken, refused, failures } = await runMutations(count, seed, temporaryFolder(onTestFinished))
  expect(failures).toEqual([])
  expect(taken).toBeGreaterThan(count / 20)
  expect(refused).toBeGreaterThan(count / 4)
}, 300_000)
