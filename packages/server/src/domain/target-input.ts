import {
  AppError,
  checkBranch,
  checkSourcePath,
  checkSourceUrl,
  parseSchedule,
  type TargetKind,
} from '@vieter/api'
import { parseArch, parseRepository } from './repository-name.ts'

/** What a person may say of a target; all texts as they came. */
export interface TargetInput {
  kind: string
  url: string
  repo: string
  branch: string
  path: string
  schedule: string
  arch: readonly string[]
}

/** A target as it may be stored. */
export interface CheckedTarget extends TargetInput {
  kind: TargetKind
}

/**
 * Checks all fields of a target together: what is a fine url for one kind is none for another.
 * Throws PARAMETER_INVALID, SOURCE_INVALID, SCHEDULE_INVALID and REPOSITORY_NAME_INVALID.
 */
export function checkTarget(input: TargetInput, rules: { allowLocal: boolean }): CheckedTarget {
  const kind = input.kind
  if (kind !== 'git' && kind !== 'url') {
    throw new AppError('PARAMETER_INVALID', {
      message: 'Invalid kind.',
      hint: 'A target’s kind is git or url.',
    })
  }
  checkSourceUrl(kind, input.url, rules)
  checkBranch(input.branch)
  checkSourcePath(input.path)
  parseRepository(input.repo)
  if (input.schedule !== '') parseSchedule(input.schedule)
  if (input.arch.length === 0) {
    throw new AppError('PARAMETER_INVALID', {
      message: 'Parameter arch must name at least one architecture.',
    })
  }
  return { ...input, kind, arch: [...new Set(input.arch.map(parseArch))] }
}
