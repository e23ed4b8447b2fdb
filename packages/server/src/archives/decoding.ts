/** What a decoder may use. */
export interface Decoding {
  /** Bytes of the past that it may keep; an archive that needs more is refused. */
  maxWindowSize: number
  /**
   * Waits until so many bytes of memory are this upload's own, counted from its start or since it asked for more than ever.
   * Nothing may be held by a decoder meanwhile.
   */
  reserve(bytes: number): Promise<void>
  /** Ends the decoding with its reason. */
  signal: AbortSignal
}

/**
 * How much a decoder unpacks at a time, in bytes. Each piece costs a turn of the event loop, so they are large where the
 * archive is; the memory of a large one costs more than a small archive takes altogether.
 */
export const pieceSizes = { small: 32 * 1024, large: 512 * 1024 }

/**
 * What a decoder unpacks. Its memory is freed as soon as the next piece is asked for: left to the garbage collector, the
 * pieces of a large archive would pile up to more than all the rest of the server. A decoder cuts several pieces from one
 * buffer, one after the other, and has done with it when a piece comes from another.
 */
export async function* freed(
  decoder: AsyncIterable<Buffer<ArrayBuffer>>,
  chunkSize: number,
): AsyncGenerator<Uint8Array> {
  let last: ArrayBuffer | undefined
  for await (const { buffer, byteOffset, length } of decoder) {
    if (last !== buffer) last?.transfer(0)
    // Memory of any other size would not be the decoder's alone.
    last = buffer.byteLength === chunkSize ? buffer : undefined
    yield new Uint8Array(buffer, byteOffset, length)
  }
  last?.transfer(0)
}
