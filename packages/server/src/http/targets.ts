import { contract } from '@vieter/api'
import type { Context } from '../context.ts'
import { addTarget } from '../services/add-target.ts'
import { editTarget } from '../services/edit-target.ts'
import { findTargets, getTarget } from '../services/find-targets.ts'
import { removeTarget } from '../services/remove-target.ts'
import { answerEmpty, type Mount } from './mount.ts'

export function mountTargets(mount: Mount, context: Context): void {
  mount(contract.listTargets, async ({ query }) =>
    findTargets(context, { ...query, limit: query.limit ?? 25, offset: query.offset ?? 0 }),
  )
  mount(contract.getTarget, async ({ params }) => getTarget(context, params.id))
  mount(contract.addTarget, async ({ query }) =>
    addTarget(context, {
      branch: '',
      path: '',
      schedule: '',
      ...query,
      arch: query.arch ?? [context.settings.default_arch],
    }),
  )
  mount(contract.editTarget, async ({ params, query }) => editTarget(context, params.id, query))
  mount(contract.removeTarget, async ({ params, reply }) => {
    await removeTarget(context, params.id)
    return answerEmpty(reply)
  })
}
