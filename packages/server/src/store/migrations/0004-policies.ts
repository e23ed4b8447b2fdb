import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Policies of repositories, the tokens that open private ones, the official names, and which bytes had which file name. */
export const policies: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createRepositoryPolicies(db)
    await createReadTokens(db)
    await createNameLists(db)
    await createServedFiles(db)
  },
}

async function createRepositoryPolicies(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('repository_policies')
    .addColumn('repository_id', 'integer', (column) => column.primaryKey().references('repositories.id'))
    .addColumn('access', 'text')
    .addColumn('archs', 'text')
    .addColumn('same_version', 'text')
    .addColumn('downgrade', 'text')
    .addColumn('official_names', 'text')
    .addColumn('debug_packages', 'text')
    .execute()
}

async function createReadTokens(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('read_tokens')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('repository_id', 'integer', (column) => column.notNull().references('repositories.id'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('token_hash', 'text', (column) => column.notNull())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .addUniqueConstraint('read_tokens_repository_name', ['repository_id', 'name'])
    .execute()
}

async function createNameLists(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('name_lists')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('imported_at', 'integer', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('listed_names')
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('list_id', 'integer', (column) =>
      column.notNull().references('name_lists.id').onDelete('cascade'),
    )
    .addPrimaryKeyConstraint('listed_names_primary', ['name', 'list_id'])
    .execute()
  await db.schema.createIndex('listed_names_list').on('listed_names').column('list_id').execute()
}

async function createServedFiles(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('served_files')
    .addColumn('repository_id', 'integer', (column) => column.notNull().references('repositories.id'))
    .addColumn('filename', 'text', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('served_files_primary', ['repository_id', 'filename'])
    .execute()
  await sql`
    insert into served_files (repository_id, filename, sha256)
    select repository_id, filename, sha256 from packages
    where id in (select max(id) from packages group by repository_id, filename)
  `.execute(db)
}
