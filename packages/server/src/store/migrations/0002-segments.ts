import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * Databases in segments. The texts of entries move to a table of their own, so that a look at packages doesn't read
 * through their file lists.
 */
export const segments: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await moveTexts(db)
    await db.schema
      .alterTable('packages')
      .addColumn('md5', 'text', (column) => column.notNull().defaultTo(''))
      .execute()
    await db.schema
      .alterTable('packages')
      .addColumn('signature', 'text', (column) => column.notNull().defaultTo(''))
      .execute()
    await db.schema
      .alterTable('arch_repos')
      .addColumn('format', 'text', (column) => column.notNull().defaultTo(''))
      .execute()
    await db.schema
      .alterTable('arch_repos')
      .addColumn('updated_at', 'integer', (column) => column.notNull().defaultTo(0))
      .execute()
    await sql`update arch_repos set updated_at = last_modified`.execute(db)
    await createSegments(db)
    await db.schema
      .createIndex('packages_name')
      .on('packages')
      .columns(['repository_id', 'name', 'removed_at'])
      .execute()
  },
}

async function moveTexts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('package_texts')
    .addColumn('package_id', 'integer', (column) =>
      column.primaryKey().references('packages.id').onDelete('cascade'),
    )
    .addColumn('desc', 'text', (column) => column.notNull())
    .addColumn('files', 'text', (column) => column.notNull())
    .execute()
  await sql`insert into package_texts (package_id, "desc", files) select id, "desc", files from packages`.execute(
    db,
  )
  await db.schema.alterTable('packages').dropColumn('desc').execute()
  await db.schema.alterTable('packages').dropColumn('files').execute()
}

async function createSegments(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('segments')
    .addColumn('arch_repo_id', 'integer', (column) => column.notNull().references('arch_repos.id'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('first_name', 'text', (column) => column.notNull())
    .addColumn('pack', 'integer', (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('length', 'integer', (column) => column.notNull())
    .addColumn('size', 'integer', (column) => column.notNull())
    .addColumn('crc32', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('segments_primary', ['arch_repo_id', 'kind', 'first_name'])
    .execute()
}
