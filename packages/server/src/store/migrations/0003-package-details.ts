import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { detailsOf, type PackageDetails } from '../../domain/package-details.ts'
import { batches } from '../batches.ts'

/** What lists and searches of packages ask for, in columns of their rows. */
export const packageDetails: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const { name, type, value } of columns) {
      await db.schema
        .alterTable('packages')
        .addColumn(name, type, (column) => column.notNull().defaultTo(value))
        .execute()
    }
    await db.schema.alterTable('packages').addColumn('extra', 'text').execute()
    await fillColumns(db as Kysely<Filled>)
  },
}

const columns = [
  { name: 'base', type: 'text', value: '' },
  { name: 'description', type: 'text', value: '' },
  { name: 'build_date', type: 'integer', value: 0 },
  { name: 'installed_size', type: 'integer', value: 0 },
  { name: 'search_text', type: 'text', value: '' },
  { name: 'provides', type: 'text', value: '' },
] as const

type Details = Pick<PackageDetails, (typeof columns)[number]['name']>

/** The tables as they are now, whatever becomes of them. */
interface Filled {
  package_texts: { package_id: number; desc: string }
  packages: Details & { id: number }
  read_details: Details & { package_id: number }
}

/** One statement for each package would take a millisecond each: all are collected, and then put in their places. */
async function fillColumns(db: Kysely<Filled>): Promise<void> {
  let table = db.schema
    .createTable('read_details')
    .addColumn('package_id', 'integer', (column) => column.primaryKey())
  for (const { name, type } of columns) table = table.addColumn(name, type, (column) => column.notNull())
  await table.execute()
  await collectDetails(db)
  await db
    .updateTable('packages')
    .from('read_details')
    .set(({ ref }) => ({
      base: ref('read_details.base'),
      description: ref('read_details.description'),
      build_date: ref('read_details.build_date'),
      installed_size: ref('read_details.installed_size'),
      search_text: ref('read_details.search_text'),
      provides: ref('read_details.provides'),
    }))
    .whereRef('read_details.package_id', '=', 'packages.id')
    .execute()
  await db.schema.dropTable('read_details').execute()
}

async function collectDetails(db: Kysely<Filled>): Promise<void> {
  const packages = await db.selectFrom('package_texts').select('package_id as id').execute()
  for (const batch of batches(packages.map(({ id }) => id))) {
    const texts = await db
      .selectFrom('package_texts')
      .select(['package_id', 'desc'])
      .where('package_id', 'in', batch)
      .execute()
    const rows = texts.map(({ package_id, desc }) => ({ package_id, ...detailsOf(desc) }))
    await db.insertInto('read_details').values(rows).execute()
  }
}
