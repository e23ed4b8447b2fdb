import { BuildFailure, exitCodes } from './build-failure.ts'
import type { Command, Container } from './engine.ts'
import type { Progress } from './progress.ts'

/** A container and the log of what is done in it. */
export interface Workplace {
  container: Container
  progress: Progress
}

/** Runs a command, its output going to the log. Throws BuildFailure with the command's exit code. */
export async function runStep(
  { container, progress }: Workplace,
  title: string,
  command: Command,
): Promise<void> {
  progress.line(title)
  const output = { stdout: progress.write, stderr: progress.write }
  const exitCode = await container.run(command, output)
  if (exitCode !== 0) throw new BuildFailure(exitCode, `${title} failed with exit code ${exitCode}.`)
}

/** Runs a command and asks for its exit code alone; its output goes nowhere. */
export function testStep({ container }: Workplace, command: Command): Promise<number> {
  return container.run(command, { stdout: () => undefined, stderr: () => undefined })
}

const maxCaptured = 16 * 1024 * 1024

/** Runs a command, its errors going to the log: what it printed, hostile text of at most 16 MiB, and its exit code. */
export async function captureStep(
  { container, progress }: Workplace,
  command: Command,
): Promise<{ exitCode: number; text: string }> {
  const pieces: Uint8Array[] = []
  let size = 0
  const exitCode = await container.run(command, {
    stdout(bytes) {
      size += bytes.length
      if (size > maxCaptured) {
        throw new BuildFailure(exitCodes.agentFailed, `${command.argv.join(' ')} prints too much.`)
      }
      pieces.push(bytes)
    },
    stderr: progress.write,
  })
  return { exitCode, text: Buffer.concat(pieces).toString('utf8') }
}
