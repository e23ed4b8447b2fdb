import { contract } from '@vieter/api'
import type { Context } from '../context.ts'
import {
  addRepository,
  configureRepository,
  getRepository,
  listRepositories,
} from '../services/configure-repository.ts'
import { listServedFiles } from '../services/list-served-files.ts'
import { importNameList, listNameLists, removeNameList } from '../services/name-lists.ts'
import { streamBody } from './body.ts'
import { answerEmpty, type Mount } from './mount.ts'

/** Repositories with what they decide for themselves, and the official names. */
export function mountPolicies(mount: Mount, context: Context): void {
  mount(contract.listRepositories, async ({ mayRead }) =>
    (await listRepositories(context)).filter(({ name }) => mayRead(name)),
  )
  mount(contract.getRepository, async ({ params }) => getRepository(context, params.repo))
  mount(contract.addRepository, async ({ query }) => addRepository(context, query))
  mount(contract.configureRepository, async ({ params, query }) =>
    configureRepository(context, params.repo, query),
  )
  mount(contract.listServedFiles, async ({ params, query }) => listServedFiles(context, params.repo, query))
  mount(contract.listNameLists, async () => listNameLists(context))
  mount(contract.importNameList, async ({ params, request, reply }) =>
    importNameList(context, { list: params.list, body: streamBody({ request, reply }) }),
  )
  mount(contract.removeNameList, async ({ params, reply }) => {
    await removeNameList(context, params.list)
    return answerEmpty(reply)
  })
}
