import type { IncomingMessage, RequestListener } from 'node:http'
import type { Context } from '../context.ts'
import { findUnchanged } from '../services/find-database.ts'
import { commonHeaders } from './common-headers.ts'
import { formatHttpDate, parseHttpDate } from './http-date.ts'

interface PollParts extends Pick<Context, 'archRepos' | 'policies'> {
  basePath: string
  newRequestId: () => string
  stopping: AbortSignal
}

/** REPO/ARCH/FILE, as pacman writes it: whatever is escaped, or has a query, goes the ordinary way. */
const filePath = /^\/([^/?%]+)\/([^/?%]+)\/([^/?%]+)$/

/** Conditions that go before If-Modified-Since (RFC 9110 §13.2.2). */
const otherConditions = ['if-match', 'if-none-match', 'if-unmodified-since']

/**
 * Answers those who ask whether a database has changed when it has not, as `sendFile` would. They are most of a
 * repository's requests, and the way through router and hooks takes as long as all the rest (measured: 22 µs instead of
 * 13). All others go on to `handle`, those for private repositories as well.
 */
export function answerPolls(parts: PollParts, handle: RequestListener): RequestListener {
  return (request, response) => {
    const unchanged = find(parts, request)
    if (!unchanged) return handle(request, response)
    response.writeHead(304, {
      ...commonHeaders(parts.newRequestId()),
      etag: unchanged.etag,
      'cache-control': 'no-cache',
      'last-modified': formatHttpDate(unchanged.lastModified),
    })
    response.end()
  }
}

function find(
  { archRepos, policies, basePath, stopping }: PollParts,
  { method, url = '', headers }: IncomingMessage,
) {
  const since = parseHttpDate(headers['if-modified-since'])
  if (since === undefined || method !== 'GET' || stopping.aborted || !url.startsWith(basePath)) return
  if (otherConditions.some((name) => headers[name] !== undefined)) return
  const [, repository = '', arch = '', filename = ''] = filePath.exec(url.slice(basePath.length)) ?? []
  if (policies.of(repository).access !== 'public') return
  return findUnchanged({ archRepos }, { repository, arch, filename, since })
}
