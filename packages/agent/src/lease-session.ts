import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { AppError, type Client, contract, type Lease, type Published } from '@vieter/api'
import { pause } from './abort.ts'
import { retrying } from './retry.ts'
import type { TakenPackage } from './take-packages.ts'

/** The holder's side of one lease: everything that is sent to the server under its token. */
export interface LeaseSession {
  /** Aborted with the server's LEASE_LOST when the job is not ours any more. */
  readonly lost: AbortSignal
  /**
   * Sends a piece of the log, again and again if need be, until it is there, refused, or the session ends.
   * Where the log stands then, in bytes. Never rejects.
   */
  appendLog(offset: number, piece: Uint8Array): Promise<number>
  upload(taken: TakenPackage, signal: AbortSignal): Promise<Published>
  finish(exitCode: number): Promise<void>
  /** Stops extending the lease, and whatever is still tried. */
  end(): void
}

const minExtension = 500
const maxExtension = 20_000

/**
 * Holds a lease: extends it until the session ends. The server's clock may differ from ours, so that what `expires_at`
 * tells is taken with care: an extension comes after a third of the time left, at least every 20 seconds.
 */
export function openLeaseSession(client: Client, lease: Lease): LeaseSession {
  const lost = new AbortController()
  const ended = new AbortController()
  const over = AbortSignal.any([lost.signal, ended.signal])
  const common = { params: { id: lease.job_id }, leaseToken: lease.token }

  function noteLoss(error: unknown): void {
    if (isLoss(error)) lost.abort(error)
  }

  async function hold(): Promise<void> {
    let expiresAt = lease.expires_at
    while (!over.aborted) {
      const third = (expiresAt * 1000 - Date.now()) / 3
      await pause(Math.min(maxExtension, Math.max(minExtension, third)), over)
      if (over.aborted) return
      try {
        expiresAt = (await client.call(contract.extendLease, { ...common, signal: over })).expires_at
      } catch (error) {
        noteLoss(error)
      }
    }
  }
  void hold()

  return {
    lost: lost.signal,
    async appendLog(offset, piece) {
      const append = () => appendPiece(client, { ...common, signal: over }, offset, piece)
      try {
        return await retrying(append, { signal: over, attempts: Number.POSITIVE_INFINITY })
      } catch (error) {
        noteLoss(error)
        return offset
      }
    },
    async upload(taken, signal) {
      const send = () =>
        client.call(contract.uploadBuiltPackage, {
          ...common,
          body: Readable.toWeb(createReadStream(taken.path)) as ReadableStream<Uint8Array>,
          signal,
        })
      return retrying(send, { signal }).catch((error) => {
        noteLoss(error)
        throw error
      })
    },
    finish(exitCode) {
      let tries = 0
      const finish = () => {
        tries++
        return client.call(contract.finishBuild, { ...common, query: { exit_code: exitCode }, signal: over })
      }
      return retrying(finish, { signal: over }).then(
        () => undefined,
        (error) => {
          // On a later try the job may be gone because an earlier one ended it and only its answer got lost.
          if (tries === 1) noteLoss(error)
          if (tries > 1 && isLoss(error)) return
          throw error
        },
      )
    },
    end: () => ended.abort(),
  }
}

function isLoss(error: unknown): boolean {
  return error instanceof AppError && error.code === 'LEASE_LOST'
}

interface LeaseRequest {
  params: { id: number }
  leaseToken: string
  signal: AbortSignal
}

/** After a crash of the server its log may stand elsewhere than where we think; what it has of the piece is left out. */
async function appendPiece(
  client: Client,
  request: LeaseRequest,
  offset: number,
  piece: Uint8Array,
): Promise<number> {
  try {
    const body = new Uint8Array(piece)
    return (await client.call(contract.appendLog, { ...request, query: { offset }, body })).size
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'LOG_OFFSET_MISMATCH') throw error
    const stands = Number(/\d+/.exec(error.message)?.[0] ?? Number.NaN)
    if (!Number.isSafeInteger(stands) || stands === offset) throw error
    const rest = stands > offset ? piece.subarray(stands - offset) : piece
    return rest.length === 0 ? stands : appendPiece(client, request, stands, rest)
  }
}
