import type { Store } from './open-store.ts'

interface RepositoryCount {
  name: string
  /** How many packages it has, those of several architectures counted once. */
  packages: number
}

/** The repositories that there are, by name; with `name` the one of this name. */
export async function countRepositories(store: Store, name?: string): Promise<RepositoryCount[]> {
  const query = store
    .selectFrom('repositories')
    .leftJoin('packages', (join) =>
      join.onRef('packages.repository_id', '=', 'repositories.id').on('packages.removed_at', 'is', null),
    )
    .select('repositories.name as name')
    .select(({ fn }) => fn.count<number>('packages.id').as('packages'))
    .where('visible', '=', 1)
    .groupBy('repositories.name')
    .orderBy('repositories.name')
  return (name === undefined ? query : query.where('repositories.name', '=', name)).execute()
}
