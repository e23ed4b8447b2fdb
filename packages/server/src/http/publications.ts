import { contract } from '@vieter/api'
import type { Context } from '../context.ts'
import { commitPublication } from '../services/commit-publication.ts'
import { discardPublication } from '../services/discard-publication.ts'
import { getPublication } from '../services/find-publication.ts'
import { openPublication } from '../services/open-publication.ts'
import { uploadToPublication } from '../services/upload-to-publication.ts'
import { packageBody } from './body.ts'
import { answerEmpty, type Mount } from './mount.ts'

export function mountPublications(mount: Mount, context: Context): void {
  mount(contract.openPublication, async ({ query }) => openPublication(context, query.repo))
  mount(contract.getPublication, async ({ params }) => getPublication(context, params.id))
  mount(contract.uploadPackage, async ({ params, query, request, reply }) =>
    uploadToPublication(context, {
      id: params.id,
      body: { ...packageBody({ request, reply }), filename: query.filename },
      signature: request.headers['x-signature']?.toString(),
    }),
  )
  mount(contract.commitPublication, async ({ params, query }) =>
    commitPublication(context, {
      id: params.id,
      replace: query.replace === true,
      force: query.force === true,
    }),
  )
  mount(contract.discardPublication, async ({ params, reply }) => {
    await discardPublication(context, params.id)
    return answerEmpty(reply)
  })
}
