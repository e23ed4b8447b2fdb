/** One piece of output of a program in a container. */
export interface OutputPiece {
  channel: 'stdout' | 'stderr'
  bytes: Uint8Array
}

/**
 * Splits the attached stream of a program without a terminal into its channels. Each frame has a header of 8 bytes: the
 * channel (1 stdout, 2 stderr), three zeros, the length in big endian (Docker Engine API, "Attach to a container").
 * Pieces are handed out as they come, also parts of a frame; a frame cut short by the end of the stream is fine, since
 * that is how a killed container ends.
 */
export async function* splitOutput(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<OutputPiece, void, void> {
  const header = new Uint8Array(8)
  let headerSize = 0
  let left = 0
  for await (const chunk of chunks) {
    let at = 0
    while (at < chunk.length) {
      if (left === 0) {
        const part = chunk.subarray(at, at + 8 - headerSize)
        header.set(part, headerSize)
        headerSize += part.length
        at += part.length
        if (headerSize < 8) continue
        headerSize = 0
        left = new DataView(header.buffer).getUint32(4)
        continue
      }
      const bytes = chunk.subarray(at, at + left)
      at += bytes.length
      left -= bytes.length
      yield { channel: header[0] === 2 ? 'stderr' : 'stdout', bytes }
    }
  }
}
