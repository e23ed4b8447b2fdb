/*
 * Buffers through which bytes go from files to clients, used again: making one for every piece costs more than reading it.
 * The larger they are the fewer calls it takes (measured, beside nginx with sendfile: 2.6 times its CPU time with 256 KiB,
 * 1.6 to 1.7 times with 2 MiB). A crowd of slow clients, of whom each holds one for minutes, gets small ones.
 */

interface Pool {
  /** Bytes of each buffer. */
  readonly size: number
  /** How many there are at most. */
  readonly limit: number
  readonly spare: Buffer[]
  lent: number
}

/** Together 24 MiB at most. */
const pools: readonly Pool[] = [
  { size: 2 * 1024 * 1024, limit: 8, spare: [], lent: 0 },
  { size: 256 * 1024, limit: 32, spare: [], lent: 0 },
]

/** Bytes of those that are made when all others are lent, and not kept. */
const smallSize = 64 * 1024

/** A buffer that was lent. */
export interface LentBuffer {
  readonly bytes: Buffer
  /** To be called once; with false when it is not known whether the system still looks at the bytes: then it isn't used again. */
  giveBack(isFree: boolean): void
}

/** Lends a buffer; of any size, since the content of a file comes in as many pieces as it takes. */
export function lendBuffer(): LentBuffer {
  const pool = pools.find(({ lent, limit }) => lent < limit)
  if (!pool) return { bytes: Buffer.allocUnsafeSlow(smallSize), giveBack: () => {} }
  pool.lent += 1
  const bytes = pool.spare.pop() ?? Buffer.allocUnsafeSlow(pool.size)
  return {
    bytes,
    giveBack(isFree) {
      pool.lent -= 1
      if (isFree) pool.spare.push(bytes)
    },
  }
}
