import type { IncomingHttpHeaders } from 'node:http'
import { parseHttpDate } from './http-date.ts'

/** What tells one state of a file from another. */
export interface Validators {
  /** Quoted, strong. */
  etag: string
  /** UTC epoch seconds; undefined: none is told, and a client's date never fits. */
  lastModified: number | undefined
  /** Whether the file never changes under its name: then it is also unchanged since any later date. */
  immutable: boolean
}

/**
 * What the conditions of a GET or HEAD come to, in the order of RFC 9110 §13.2.2: the file is to be sent, the client has it
 * already (304), or it wants another one than this (412).
 *
 * pacman throws a 200 away whose Last-Modified is not later than its If-Modified-Since (measured). So of a file that
 * changes only the very same date is a 304: any other date is not from here.
 */
export function evaluateConditions(
  headers: IncomingHttpHeaders,
  file: Validators,
): 'send' | 'unchanged' | 'failed' {
  if (isWrongFile(headers, file)) return 'failed'
  const tags = headers['if-none-match']
  if (tags !== undefined) return isListed(tags, file.etag, 'weak') ? 'unchanged' : 'send'
  return isUnchangedSince(parseHttpDate(headers['if-modified-since']), file) ? 'unchanged' : 'send'
}

/** Whether a Range may be followed: a part of another file than the client has begun is of no use (RFC 9110 §13.1.5). */
export function mayFollowRange(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const condition = headers['if-range']
  if (typeof condition !== 'string' || condition === etag) return true
  return lastModified !== undefined && parseHttpDate(condition) === lastModified
}

function isWrongFile(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): boolean {
  const tags = headers['if-match']
  if (tags !== undefined) return !isListed(tags, etag, 'strong')
  const since = parseHttpDate(headers['if-unmodified-since'])
  return since !== undefined && lastModified !== undefined && lastModified > since
}

function isUnchangedSince(since: number | undefined, { lastModified, immutable }: Validators): boolean {
  if (since === undefined || lastModified === undefined) return false
  return immutable ? since >= lastModified : since === lastModified
}

/** A weak comparison takes a tag that is marked as weak too. */
function isListed(tags: string, etag: string, comparison: 'weak' | 'strong'): boolean {
  if (tags.trim() === '*') return true
  for (const [tag] of tags.matchAll(/(?:W\/)?"[^"]*"/g)) {
    if (tag === etag || (comparison === 'weak' && tag === `W/${etag}`)) return true
  }
  return false
}
