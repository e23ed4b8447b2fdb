/*
 * The frame of one gzip member (RFC 1952 §2.3): raw deflate data of any making goes between.
 */

/** Ten bytes: deflate, no name, no time, made on Unix. */
export function gzipHeader(): Uint8Array {
  return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3)
}

/** Eight bytes: the CRC-32 of all that was compressed, and its size in bytes modulo 2³². */
export function gzipTrailer(crc32: number, size: number): Uint8Array {
  const trailer = new Uint8Array(8)
  const view = new DataView(trailer.buffer)
  view.setUint32(0, crc32, true)
  view.setUint32(4, size % 2 ** 32, true)
  return trailer
}
