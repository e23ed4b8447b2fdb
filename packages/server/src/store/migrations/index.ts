import type { Migration } from 'kysely/migration'
import { first } from './0001-first.ts'
import { segments } from './0002-segments.ts'
import { packageDetails } from './0003-package-details.ts'
import { policies } from './0004-policies.ts'
import { publications } from './0005-publications.ts'
import { tokens } from './0006-tokens.ts'
import { chores } from './0007-chores.ts'

/** All migrations, by the name under which they are recorded. A released one is never changed. */
export const migrations: Record<string, Migration> = {
  '0001-first': first,
  '0002-segments': segments,
  '0003-package-details': packageDetails,
  '0004-policies': policies,
  '0005-publications': publications,
  '0006-tokens': tokens,
  '0007-chores': chores,
}
