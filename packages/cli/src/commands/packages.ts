import type { Command } from 'commander'
import { addGroup, type Run } from '../command.ts'
import { addPackagesFilesCommand } from './packages-files.ts'
import { addPackagesInfoCommand } from './packages-info.ts'
import { addPackagesListCommand } from './packages-list.ts'
import { addPackagesOwnsCommand } from './packages-owns.ts'
import { addPackagesRemoveCommand } from './packages-remove.ts'
import { addPackagesSearchCommand } from './packages-search.ts'

export function addPackagesCommands(program: Command, run: Run): void {
  const group = addGroup(program, 'packages', 'what the repositories hold')
  addPackagesListCommand(group, run)
  addPackagesSearchCommand(group, run)
  addPackagesInfoCommand(group, run)
  addPackagesFilesCommand(group, run)
  addPackagesOwnsCommand(group, run)
  addPackagesRemoveCommand(group, run)
}
