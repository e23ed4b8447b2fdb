import { expect, onTestFinished, test } from 'vitest'
import { seedOfRun } from '../../../../e2e/lab/random.ts'
import { temporaryFolder } from '../support/folders.ts'
import { runMutations } from './run-mutations.ts'

/**
 * Declares the test of so many cases: what is taken is read by bsdtar to its end and has the same paths, all else is
 * refused with a reason, within two seconds. LAB_MUTATIONS tells how many cases instead, LAB_SEED which.
 */
export function testMutations(usualCount: number): void {
  const seed = seedOfRun()
  const count = Number(process.env.LAB_MUTATIONS ?? usualCount)

  test(`packages of real makepkg, damaged in ${count} ways, are read or refused (LAB_SEED=${seed})`, async () => {
    const { taken, refused, failures } = await runMutations(count, seed, temporaryFolder(onTestFinished))
    expect(failures).toEqual([])
    expect(taken).toBeGreaterThan(count / 20)
    expect(refused).toBeGreaterThan(count / 4)
  }, 1_200_000)
}
