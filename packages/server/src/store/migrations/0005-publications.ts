import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Packages are found by their pkgbase, and those that wait unseen may wait for a publication as well as for the end of a build. */
export const publications: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.createIndex('packages_base').on('packages').columns(['repository_id', 'base']).execute()
    await addStagedBases(db as Kysely<StagedBases>)
    await db.schema
      .createTable('publications')
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('repo', 'text', (column) => column.notNull())
      .addColumn('opened_at', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'integer', (column) => column.notNull())
      .addColumn('result', 'text', (column) => column.notNull().defaultTo(''))
      .execute()
    await db.schema.createIndex('publications_expires').on('publications').column('expires_at').execute()
    await widenStagedPackages(db)
  },
}

interface StagedBases {
  staged_packages: { id: number; package: string }
}

async function addStagedBases(db: Kysely<StagedBases>): Promise<void> {
  for (const row of await db.selectFrom('staged_packages').select(['id', 'package']).execute()) {
    const pkg = JSON.parse(row.package) as { desc: string }
    await db
      .updateTable('staged_packages')
      .set({ package: JSON.stringify({ ...pkg, base: baseOf(pkg.desc) }) })
      .where('id', '=', row.id)
      .execute()
  }
}

/** The pkgbase that the `desc` of a package names. */
function baseOf(desc: string): string {
  return /(?:^|\n\n)%BASE%\n([^\n]+)/.exec(desc)?.[1] ?? ''
}

async function widenStagedPackages(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('staged_packages').renameTo('staged_packages_of_builds').execute()
  await db.schema
    .createTable('staged_packages')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('holder_id', 'integer', (column) => column.notNull())
    .addColumn('filename', 'text', (column) => column.notNull())
    .addColumn('blob_key', 'text', (column) => column.notNull().unique())
    .addColumn('package', 'text', (column) => column.notNull())
    .addUniqueConstraint('staged_packages_holder_filename', ['holder', 'holder_id', 'filename'])
    .execute()
  await sql`insert into staged_packages (holder, holder_id, filename, blob_key, package)
    select 'build', log_id, filename, blob_key, package from staged_packages_of_builds order by id`.execute(
    db,
  )
  await db.schema.dropTable('staged_packages_of_builds').execute()
}
