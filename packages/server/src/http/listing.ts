import { Readable } from 'node:stream'
import { contract } from '@vieter/api'
import type { FastifyReply } from 'fastify'
import type { Context } from '../context.ts'
import { getLastChange, listArchitectures, listPackages } from '../services/list-packages.ts'
import { formatArchitecturesPage, formatPackagesPage } from './listing-page.ts'
import type { Mount } from './mount.ts'

/** What repositories hold, for people, and when they changed, for those who mirror them. */
export function mountListing(mount: Mount, context: Context): void {
  mount(contract.listRepository, async ({ params, reply }) => {
    return asPage(reply).send(formatArchitecturesPage(params.repo, listArchitectures(context, params.repo)))
  })
  mount(contract.listArchRepo, async ({ params, request, reply }) => {
    const { repo: repository, arch } = params
    const pages = await listPackages(context, { repository, arch })
    asPage(reply)
    // For HEAD the whole listing would be made and thrown away.
    if (request.method === 'HEAD') return reply.send()
    return reply.send(Readable.from(formatPackagesPage({ repository, arch }, pages)))
  })
  mount(contract.findRepository, async ({ params, reply }) => {
    listArchitectures(context, params.repo)
    return toFolder(reply, params.repo)
  })
  mount(contract.findArchRepo, async ({ params, reply }) => {
    await listPackages(context, { repository: params.repo, arch: params.arch })
    return toFolder(reply, params.arch)
  })
  mount(contract.getLastUpdate, async ({ reply }) => answerTime(reply, await getLastChange(context)))
  mount(contract.getLastSync, async ({ reply }) => answerTime(reply, context.clock()))
}

function asPage(reply: FastifyReply): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-cache')
    .header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
}

/** Relative, so that it holds behind a proxy that serves us under another path. */
function toFolder(reply: FastifyReply, name: string): FastifyReply {
  return reply.header('cache-control', 'no-cache').redirect(`./${encodeURIComponent(name)}/`)
}

function answerTime(reply: FastifyReply, seconds: number): string {
  reply.header('cache-control', 'no-cache').type('text/plain; charset=utf-8')
  return `${seconds}\n`
}
