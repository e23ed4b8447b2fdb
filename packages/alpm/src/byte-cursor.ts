const empty = new Uint8Array(0)

/**
 * Reads a stream of chunks in pieces of wanted sizes. Waits only when a chunk is used up, and copies only
 * across borders. Once the next chunk is asked for, the last one is not looked at any more: its source may
 * use the memory again. Views of it that were handed out are good until the next call.
 */
export interface ByteCursor {
  /**
   * The next `count` bytes if the current chunk holds them, else undefined; no waiting. A view, not a copy.
   */
  take(count: number): Uint8Array | undefined
  /** The next `count` bytes, or fewer at the end of the stream. */
  read(count: number): Promise<Uint8Array>
  /** At most `count` of the bytes at hand, at least one; undefined at the end of the stream. */
  some(count: number): Promise<Uint8Array | undefined>
  /** Passes over `count` bytes; answers how many there were. */
  skip(count: number): Promise<number>
  /** Tells the source that no more is wanted. */
  close(): Promise<void>
}

export function byteCursor(chunks: AsyncIterable<Uint8Array>): ByteCursor {
  const iterator = chunks[Symbol.asyncIterator]()
  let chunk: Uint8Array = empty
  let offset = 0
  let ended = false

  /** Makes at least one byte available; false at the end. */
  async function fill(): Promise<boolean> {
    while (offset === chunk.length && !ended) {
      const next = await iterator.next()
      ended = next.done === true
      chunk = next.done === true ? empty : next.value
      offset = 0
    }
    return offset < chunk.length
  }

  function take(count: number): Uint8Array | undefined {
    if (chunk.length - offset < count) return undefined
    offset += count
    return chunk.subarray(offset - count, offset)
  }

  function takeUpTo(count: number): Uint8Array {
    const piece = chunk.subarray(offset, Math.min(chunk.length, offset + count))
    offset += piece.length
    return piece
  }

  async function some(count: number): Promise<Uint8Array | undefined> {
    return (await fill()) ? takeUpTo(count) : undefined
  }

  async function read(count: number): Promise<Uint8Array> {
    const whole = take(count)
    if (whole) return whole
    const joined = new Uint8Array(count)
    let length = 0
    while (length < count && (await fill())) {
      const piece = takeUpTo(count - length)
      joined.set(piece, length)
      length += piece.length
    }
    return joined.subarray(0, length)
  }

  async function skip(count: number): Promise<number> {
    let left = count
    while (left > 0 && (offset < chunk.length || (await fill()))) {
      const step = Math.min(left, chunk.length - offset)
      offset += step
      left -= step
    }
    return count - left
  }

  async function close(): Promise<void> {
    if (ended) return
    ended = true
    await iterator.return?.()
  }

  return { take, read, some, skip, close }
}

/** Pieces → one array. */
export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces
  if (pieces.length === 1 && first) return first
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}
