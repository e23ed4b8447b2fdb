import type { BlobStore } from '../../src/blobs/blob-store.ts'

/** A call of the `BlobStore` port, of a blob that is being staged, or of an open one. */
export type BlobCall = 'stage' | 'open' | 'delete' | 'write' | 'commit' | 'discard' | 'read'

export interface FailingBlobs {
  /** Puts itself between the server and its blobs. */
  wrap(blobs: BlobStore): BlobStore
  /** Fails the next such call, after `skip` of them that pass, and all later ones until `heal`. */
  fail(call: BlobCall, skip?: number): void
  heal(): void
  /** How many calls failed so far. */
  failures(): number
}

/** Blobs on a disk that fails at chosen calls, each time with EIO and without having done anything. */
export function makeFailingBlobs(): FailingBlobs {
  let rule: { call: BlobCall; skip: number } | undefined
  let count = 0
  async function pass(call: BlobCall): Promise<void> {
    if (rule?.call !== call || rule.skip-- > 0) return
    count += 1
    throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
  }
  return {
    fail(call, skip = 0) {
      rule = { call, skip }
    },
    heal() {
      rule = undefined
    },
    failures: () => count,
    wrap: (blobs) => ({
      ...blobs,
      async stage(key) {
        await pass('stage')
        const staged = await blobs.stage(key)
        return {
          write: (chunk) => pass('write').then(() => staged.write(chunk)),
          commit: () => pass('commit').then(staged.commit),
          discard: () => pass('discard').then(staged.discard),
        }
      },
      async open(key) {
        await pass('open')
        const blob = await blobs.open(key)
        if (!blob) return undefined
        const read: typeof blob.read = (target, position) =>
          pass('read').then(() => blob.read(target, position))
        return { ...blob, read }
      },
      delete: (key) => pass('delete').then(() => blobs.delete(key)),
    }),
  }
}
