import { type Command, Option } from 'commander'
import { addCommand, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { formatJson } from '../output.ts'
import { parentOption } from './server.ts'

export function addAgentCommand(program: Command, run: Run): void {
  addCommand(program, run, {
    name: 'agent',
    description: 'run a build agent',
    details: 'SIGINT and SIGTERM stop it with its builds; a second signal ends it at once.',
    options: [
      parentOption(),
      new Option('--probe', 'look for the container engine and tell as JSON what was found').hideHelp(),
    ],
    examples: ['VIETER_ADDRESS=https://repo.example.com VIETER_API_KEY_FILE=./api-key vieter agent'],
    async run(invocation: Invocation<{ stopWithParent?: true; probe?: true }>) {
      const settings = invocation.settings()
      const signal = invocation.surroundings.stopSignal({
        parent: invocation.options.stopWithParent ?? false,
      })
      const { probeEngine, runAgent } = await import('@vieter/agent')
      if (invocation.options.probe) {
        await invocation.print(formatJson(await probeEngine(settings)))
        return 0
      }
      await runAgent(settings, { signal })
      return 0
    },
  })
}
