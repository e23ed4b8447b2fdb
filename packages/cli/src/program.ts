import { Command, Option } from 'commander'
import type { Run } from './command.ts'
import { exitCodes } from './exit-codes.ts'
import { version } from './version.ts'

type AddCommands = (program: Command, run: Run) => void

/** The commands of the program in the order of its help. Loading one does not load the others. */
const commandFiles: Readonly<Record<string, () => Promise<AddCommands>>> = {
  server: async () => (await import('./commands/server.ts')).addServerCommand,
  agent: async () => (await import('./commands/agent.ts')).addAgentCommand,
  publish: async () => (await import('./commands/publish.ts')).addPublishCommand,
  packages: async () => (await import('./commands/packages.ts')).addPackagesCommands,
  targets: async () => (await import('./commands/targets.ts')).addTargetsCommands,
  jobs: async () => (await import('./commands/jobs.ts')).addJobsCommands,
  logs: async () => (await import('./commands/logs.ts')).addLogsCommands,
  repos: async () => (await import('./commands/repos.ts')).addReposCommands,
  tokens: async () => (await import('./commands/tokens.ts')).addTokensCommands,
  check: async () => (await import('./commands/check.ts')).addCheckCommand,
  mirror: async () => (await import('./commands/mirror.ts')).addMirrorCommands,
  backup: async () => (await import('./commands/backup.ts')).addBackupCommand,
  restore: async () => (await import('./commands/restore.ts')).addRestoreCommand,
  schedule: async () => (await import('./commands/schedule.ts')).addScheduleCommand,
  aur: async () => (await import('./commands/aur.ts')).addAurCommands,
  man: async () => (await import('./commands/man.ts')).addManCommand,
}

/** The program with the one command that a command line begins with, or else with all: for help, and flags in front. */
export async function createProgramFor(run: Run, commandLine: readonly string[]): Promise<Command> {
  const [first = ''] = commandLine
  // The manual tells of all commands.
  if (first === 'man' || !Object.hasOwn(commandFiles, first)) return createProgram(run)
  return createProgram(run, [first])
}

/** The command line of Vieter, with all commands or some. Parsing it runs one; usage errors throw CommanderError. */
export async function createProgram(
  run: Run,
  names: readonly string[] = Object.keys(commandFiles),
): Promise<Command> {
  const program = createBareProgram(run)
  for (const name of names) (await commandFiles[name]?.())?.(program, run)
  return program
}

function createBareProgram(run: Run): Command {
  const { stdout, stderr } = run.surroundings
  return new Command('vieter')
    .description('The Arch Linux package repository that builds itself.')
    .version(version, '-V, --version', 'print the version')
    .addOption(new Option('-f, --config-file <path>', 'the configuration file (default: ~/.vieterrc)'))
    .addOption(new Option('-r, --raw', 'no tables: tab-separated lines, ids alone'))
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .showHelpAfterError('hint: `vieter --help` lists all commands.')
    .addHelpText('after', formatEpilogue())
}

function formatEpilogue(): string {
  const codes = Object.entries(exitCodes).map(([code, meaning]) => `  ${code}  ${meaning}`)
  return `
Settings come from the configuration file and from VIETER_* variables.

Exit codes:
${codes.join('\n')}

Example:
  $ VIETER_API_KEY_FILE=./data/api-key vieter targets list`
}
