/**
 * Gives the memory of bytes back at once. Left to the garbage collector, which knows little of what lies outside its
 * heap, the buffers of some hundred segments would pile up. Nobody else may use memory that these bytes are in.
 */
export function free({ buffer }: Uint8Array): void {
  try {
    if (buffer instanceof ArrayBuffer) buffer.transfer(0)
  } catch {
    // Small buffers are cut from Node's pool, which can't be taken apart, nor need it be.
  }
}
