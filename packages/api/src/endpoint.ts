import type { Static, TObject, TSchema } from 'typebox'
import type { ErrorCode } from './error-table.ts'
import type { ScopeName } from './scopes.ts'

/**
 * Who may call: anyone; who may read the repository of the path, which is anyone unless it is private (without one in the
 * path: anyone, who is answered with what they may read); a holder of a token; or one that also holds the lease of the
 * job (`X-Lease-Token`). `scopes` says of which tokens.
 */
export type Auth = 'none' | 'read' | 'key' | 'lease'

/** What a request carries: nothing, a package archive, a pacman database, or plain text (UTF-8). */
type RequestBody = 'none' | 'package' | 'database' | 'text'

/** What an answer carries: JSON data in the envelope, nothing, plain text, a file's bytes, or a page. */
export type Returns = TSchema | 'empty' | 'text' | 'file' | 'page' | 'json'

/** One endpoint of the HTTP contract, as a value. Routes, the client, OpenAPI and the reference page derive from it. */
export interface Endpoint<
  P extends TObject = TObject,
  Q extends TObject = TObject,
  R extends Returns = Returns,
> {
  id: string
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** The path, its parameters written as `:name`. */
  path: string
  auth: Auth
  /** The scopes of tokens that may call it besides `admin`, which may call all. */
  scopes: readonly Exclude<ScopeName, 'admin'>[]
  summary: string
  params: P
  query: Q
  /** Whether a bare key or an empty value means *unset* (as Vieter 0.6's client sends it) or is kept as given. */
  emptyQuery: 'unset' | 'kept'
  body: RequestBody
  returns: R
  errors: readonly ErrorCode[]
}

/** The value that an endpoint's answer decodes to. */
export type Answer<R extends Returns> = R extends TSchema
  ? Static<R>
  : R extends 'text'
    ? string
    : R extends 'empty'
      ? undefined
      : unknown
