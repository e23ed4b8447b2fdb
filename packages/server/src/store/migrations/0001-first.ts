import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The first schema: repositories with their packages and entries, targets, jobs and logs. */
export const first: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createRepositories(db)
    await createTargets(db)
    await createJobs(db)
  },
}

async function createRepositories(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('repositories')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('visible', 'integer', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('arch_repos')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('repository_id', 'integer', (column) => column.notNull().references('repositories.id'))
    .addColumn('arch', 'text', (column) => column.notNull())
    .addColumn('generation', 'integer', (column) => column.notNull())
    .addColumn('last_modified', 'integer', (column) => column.notNull())
    .addColumn('visible', 'integer', (column) => column.notNull())
    .addUniqueConstraint('arch_repos_repository_arch', ['repository_id', 'arch'])
    .execute()
  await db.schema
    .createTable('packages')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('repository_id', 'integer', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('version', 'text', (column) => column.notNull())
    .addColumn('arch', 'text', (column) => column.notNull())
    .addColumn('filename', 'text', (column) => column.notNull())
    .addColumn('size', 'integer', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('blob_key', 'text', (column) => column.notNull().unique())
    .addColumn('desc', 'text', (column) => column.notNull())
    .addColumn('files', 'text', (column) => column.notNull())
    .addColumn('published_at', 'integer', (column) => column.notNull())
    .addColumn('removed_at', 'integer')
    .execute()
  await db.schema
    .createIndex('packages_filename')
    .on('packages')
    .columns(['repository_id', 'filename'])
    .execute()
  await sql`create unique index packages_live_filename on packages (repository_id, filename) where removed_at is null`.execute(
    db,
  )
  await sql`create index packages_removed on packages (removed_at) where removed_at is not null`.execute(db)
  await db.schema
    .createTable('entries')
    .addColumn('arch_repo_id', 'integer', (column) => column.notNull().references('arch_repos.id'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('package_id', 'integer', (column) => column.notNull().references('packages.id'))
    .addPrimaryKeyConstraint('entries_primary', ['arch_repo_id', 'name'])
    .execute()
  await db.schema.createIndex('entries_package').on('entries').column('package_id').execute()
}

async function createTargets(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('targets')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('branch', 'text', (column) => column.notNull())
    .addColumn('repo', 'text', (column) => column.notNull())
    .addColumn('schedule', 'text', (column) => column.notNull())
    .addColumn('path', 'text', (column) => column.notNull())
    .addColumn('next_run', 'integer', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('targets_next_run').on('targets').column('next_run').execute()
  await db.schema
    .createTable('target_archs')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('target_id', 'integer', (column) =>
      column.notNull().references('targets.id').onDelete('cascade'),
    )
    .addColumn('value', 'text', (column) => column.notNull())
    .addUniqueConstraint('target_archs_target_value', ['target_id', 'value'])
    .execute()
}

async function createJobs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('jobs')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('target_id', 'integer', (column) => column.notNull())
    .addColumn('arch', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('force', 'integer', (column) => column.notNull())
    .addColumn('timeout', 'integer')
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('agent', 'text', (column) => column.notNull().defaultTo(''))
    .addColumn('repo', 'text', (column) => column.notNull().defaultTo(''))
    .addColumn('legacy', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('token_hash', 'text', (column) => column.notNull().defaultTo(''))
    .addColumn('expires_at', 'integer')
    .addColumn('log_id', 'integer')
    .execute()
  await sql`create unique index jobs_state on jobs (target_id, arch, state)`.execute(db)
  await db.schema.createIndex('jobs_expires').on('jobs').column('expires_at').execute()
  await db.schema
    .createTable('logs')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('target_id', 'integer', (column) => column.notNull())
    .addColumn('arch', 'text', (column) => column.notNull())
    .addColumn('start_time', 'integer', (column) => column.notNull())
    .addColumn('end_time', 'integer')
    .addColumn('exit_code', 'integer')
    .execute()
  await db.schema.createIndex('logs_target').on('logs').column('target_id').execute()
  await db.schema.createIndex('logs_end').on('logs').column('end_time').execute()
  await db.schema
    .createTable('staged_packages')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('log_id', 'integer', (column) => column.notNull())
    .addColumn('filename', 'text', (column) => column.notNull())
    .addColumn('blob_key', 'text', (column) => column.notNull().unique())
    .addColumn('package', 'text', (column) => column.notNull())
    .addUniqueConstraint('staged_packages_log_filename', ['log_id', 'filename'])
    .execute()
}
