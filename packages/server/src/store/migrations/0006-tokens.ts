import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Tokens with scopes; those that opened one repository become some of them. A lease remembers whose it is. */
export const tokens: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('tokens')
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('secret_hash', 'text', (column) => column.notNull().unique())
      .addColumn('scopes', 'text', (column) => column.notNull())
      .addColumn('archs', 'text', (column) => column.notNull())
      .addColumn('created_at', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'integer')
      .addColumn('last_used_at', 'integer')
      .addColumn('revoked_at', 'integer')
      .execute()
    await sql`create unique index tokens_name on tokens (name) where revoked_at is null`.execute(db)
    // Their names were unique within a repository alone.
    await sql`
      insert into tokens (name, secret_hash, scopes, archs, created_at)
      select repositories.name || '/' || read_tokens.name, token_hash, 'read:' || repositories.name, '', created_at
      from read_tokens join repositories on repositories.id = read_tokens.repository_id
      order by read_tokens.id
    `.execute(db)
    await db.schema.dropTable('read_tokens').execute()
    await db.schema.alterTable('jobs').addColumn('token_id', 'integer').execute()
    await db.schema.createIndex('jobs_token').on('jobs').column('token_id').execute()
  },
}
