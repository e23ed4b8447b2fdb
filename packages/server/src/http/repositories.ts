import { contract } from '@vieter/api'
import type { Context } from '../context.ts'
import { findFile, type ServedFile } from '../services/find-file.ts'
import { publishPackage } from '../services/publish-package.ts'
import type { Accelerate } from './acceleration.ts'
import { packageBody } from './body.ts'
import { typeOfFile } from './file-types.ts'
import { parseHttpDate } from './http-date.ts'
import type { Mount } from './mount.ts'
import { sendFile } from './send-file.ts'

export function mountRepositories(mount: Mount, context: Context, accelerate: Accelerate): void {
  const isPrivate = (repository: string) => context.policies.of(repository).access === 'token'
  const noCache = (repository: string) => (isPrivate(repository) ? 'private, no-cache' : 'no-cache')
  mount(contract.getFile, async ({ params, request, reply }) => {
    const file = await findFile(context, {
      repository: params.repo,
      arch: params.arch,
      filename: params.filename,
      since: parseHttpDate(request.headers['if-modified-since']),
    })
    if (file.kind === 'desc') {
      reply.header('cache-control', noCache(params.repo)).type('text/plain; charset=utf-8').send(file.text)
    } else if (file.kind === 'signature') {
      reply.header('cache-control', noCache(params.repo)).type(typeOfFile(params.filename)).send(file.bytes)
    } else {
      await sendFile(request, reply, {
        ...file,
        type: typeOfFile(params.filename),
        ...cachingOf(file, isPrivate(params.repo)),
        acceleratedBy: file.kind === 'package' ? accelerate(request, file.blobKey) : undefined,
      })
    }
    return reply
  })
  mount(contract.publishPackage, async ({ params, query, request, reply }) =>
    publishPackage(context, {
      repository: params.repo,
      body: { ...packageBody({ request, reply }), filename: query.filename },
      signature: request.headers['x-signature']?.toString(),
      replace: query.replace === true,
      force: query.force === true,
    }),
  )
}

/** A package keeps its bytes for ever under its name; a database is asked for each time. */
function cachingOf({ kind }: ServedFile, isPrivate: boolean): { cacheControl: string; immutable: boolean } {
  const immutable = kind === 'package'
  const lifetime = immutable ? 'max-age=31536000, immutable' : 'no-cache'
  if (isPrivate) return { cacheControl: `private, ${lifetime}`, immutable }
  return { cacheControl: immutable ? `public, ${lifetime}` : lifetime, immutable }
}
