import { contract } from '@vieter/api'
import type { FastifyReply } from 'fastify'
import type { Context } from '../context.ts'
import { findPackages } from '../services/find-packages.ts'
import { getPackage } from '../services/get-package.ts'
import { listPackageFiles } from '../services/list-package-files.ts'
import { getBuildInformation, getPackageText, listPackageEntries } from '../services/package-metadata.ts'
import type { Mount } from './mount.ts'

/** What repositories hold, for programs. */
export function mountPackages(mount: Mount, context: Context): void {
  mount(contract.listPackages, async ({ query, reply, mayRead }) => {
    const hungUp = new AbortController()
    reply.raw.once('close', () => hungUp.abort())
    const { limit = 25, offset = 0 } = query
    return findPackages(context, { ...query, limit, offset }, { mayRead, signal: hungUp.signal })
  })
  mount(contract.getPackage, async ({ params }) => getPackage(context, params))
  mount(contract.listPackageFiles, async ({ params, query: { limit = 10_000, offset = 0 } }) =>
    listPackageFiles(context, params, { limit, offset }),
  )
  mount(contract.getBuildInformation, async ({ params }) => getBuildInformation(context, params))
  mount(contract.listPackageEntries, async ({ params, query: { limit = 10_000, offset = 0 } }) =>
    listPackageEntries(context, params, { limit, offset }),
  )
  mount(contract.getInstallScript, async ({ params, reply }) =>
    answerText(reply, await getPackageText(context, params, '.INSTALL')),
  )
  mount(contract.getChangelog, async ({ params, reply }) =>
    answerText(reply, await getPackageText(context, params, '.CHANGELOG')),
  )
}

/** The bytes as they are in the package, whatever their encoding. */
function answerText(reply: FastifyReply, bytes: Uint8Array): never {
  return reply.type('text/plain; charset=utf-8').send(bytes) as never
}
