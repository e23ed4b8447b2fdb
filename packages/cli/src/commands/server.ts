import { type Command, Option } from 'commander'
import { addCommand, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'

interface ServerOptions {
  stopWithParent?: true
  loadOnly?: true
}

/** A start script holds the other end of standard input, so that no server outlives it, however it dies. */
export function parentOption(): Option {
  return new Option('--stop-with-parent', 'stop when standard input ends').hideHelp()
}

export function addServerCommand(program: Command, run: Run): void {
  addCommand(program, run, {
    name: 'server',
    description: 'run the repository server',
    details: 'SIGINT and SIGTERM stop it cleanly; a second signal ends it at once.',
    options: [
      parentOption(),
      new Option('--load-only', 'load the program, so that its compiled code is kept, and end').hideHelp(),
    ],
    examples: ['VIETER_DATA_DIR=/var/lib/vieter vieter server'],
    async run({ options, settings, surroundings }: Invocation<ServerOptions>) {
      const signal = surroundings.stopSignal({ parent: options.stopWithParent ?? false })
      const { runServer } = await import('@vieter/server')
      if (options.loadOnly) return 0
      await runServer(settings(), { signal })
      return 0
    },
  })
}
