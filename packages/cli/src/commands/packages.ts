import type { Command } from 'commander'
import { addGroup, type Run } from '../command.ts'
import { addPackagesRemoveCommand } from './packages-remove.ts'

export function addPackagesCommands(program: Command, run: Run): void {
  const group = addGroup(program, 'packages', 'the packages of repositories')
  addPackagesRemoveCommand(group, run)
}
