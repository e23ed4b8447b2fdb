import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import { batches } from '../batches.ts'

/** Packages know their pkgbase, and those that wait unseen may wait for a publication as well as for the end of a build. */
export const publications: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await addBases(db as Kysely<Bases>)
    await addStagedBases(db as Kysely<Bases>)
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

interface Bases {
  packages: { id: number; base: string }
  package_texts: { package_id: number; desc: string }
  staged_packages: { id: number; package: string }
}

async function addBases(db: Kysely<Bases>): Promise<void> {
  await db.schema
    .alterTable('packages')
    .addColumn('base', 'text', (column) => column.notNull().defaultTo(''))
    .execute()
  const packages = await db.selectFrom('packages').select('id').execute()
  for (const batch of batches(packages.map(({ id }) => id))) {
    const texts = await db.selectFrom('package_texts').selectAll().where('package_id', 'in', batch).execute()
    for (const { package_id, desc } of texts) {
      await db
        .updateTable('packages')
        .set({ base: baseOf(desc) })
        .where('id', '=', package_id)
        .execute()
    }
  }
  await db.schema.createIndex('packages_base').on('packages').columns(['repository_id', 'base']).execute()
}

async function addStagedBases(db: Kysely<Bases>): Promise<void> {
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
