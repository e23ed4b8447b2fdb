// `node scripts/lab-setup.ts`: makes what the tests need ahead of them, such as in the image of a CI machine, and
// tells where the base image is: `docker import FILE NAME` gives any engine one to try the agent with.
import { makeBaseImage } from '../e2e/lab/base-image.ts'
import { ensureTestRequirements } from './requirements.mjs'

try {
  ensureTestRequirements()
  console.log(await makeBaseImage())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
