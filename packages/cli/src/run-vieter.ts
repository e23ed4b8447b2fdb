import { CommanderError } from 'commander'
import type { Run } from './command.ts'
import { type ExitCode, exitCodeOf } from './exit-codes.ts'
import { createProgramFor } from './program.ts'
import { formatError } from './report-error.ts'
import type { Surroundings } from './surroundings.ts'

/** Runs one command line (without the program's own name) to its end. Errors are told on standard error. */
export async function runVieter(
  surroundings: Surroundings,
  commandLine: readonly string[],
): Promise<ExitCode> {
  const run: Run = { surroundings, exitCode: 0 }
  try {
    const program = await createProgramFor(run, commandLine)
    await program.parseAsync(commandLine, { from: 'user' })
    return run.exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) await surroundings.stderr.write(formatError(error))
    return exitCodeOf(error)
  }
}
