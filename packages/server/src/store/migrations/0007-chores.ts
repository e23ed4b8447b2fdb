import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** When the server does next what it does by itself, so that what was missed while it was off is made up for. */
export const chores: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('chores')
      .addColumn('name', 'text', (column) => column.notNull().primaryKey())
      .addColumn('next_run', 'integer', (column) => column.notNull())
      .execute()
  },
}
