import { Argument, type Command } from 'commander'
import { addCommand, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { formatManPages } from '../man-page.ts'

export function addManCommand(program: Command, run: Run): void {
  addCommand(program, run, {
    name: 'man',
    description: 'write the manual pages into a folder',
    arguments: [new Argument('<folder>', 'where to; made if it is not there')],
    examples: ['vieter man /usr/local/share/man/man1'],
    async run(invocation: Invocation, folder: string) {
      const pages = formatManPages(program)
      invocation.surroundings.writeFiles(folder, pages)
      await invocation.say(`Wrote ${pages.size} manual pages into ${folder}.`)
      return 0
    },
  })
}
