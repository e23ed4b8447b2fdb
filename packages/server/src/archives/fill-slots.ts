import { type Slots, slotSize } from './slots.ts'

/** The first slot of an upload of unknown size, in bytes: that of one chunk of a socket. */
const firstSize = 64 * 1024

/**
 * Collects the chunks of a body in slots, so that what is done with each is done once for many chunks. The slots belong
 * to the reader of this, who gives them back.
 */
export async function* fillSlots(
  body: AsyncIterable<Uint8Array>,
  slots: Slots,
  declaredSize: number = firstSize,
): AsyncGenerator<Uint8Array> {
  let slot: Uint8Array | undefined
  let filled = 0
  let size = 0
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      slot ??= slots.take(nextSize(size, declaredSize))
      const step = Math.min(slot.length - filled, chunk.length - at)
      slot.set(chunk.subarray(at, at + step), filled)
      filled += step
      at += step
      if (filled < slot.length) continue
      yield slot
      size += filled
      filled = 0
      slot = undefined
    }
  }
  if (slot) yield slot.subarray(0, filled)
}

/** What was declared at first; a body that goes on behind that, or whose size nobody knows, gets large ones. */
function nextSize(size: number, declaredSize: number): number {
  return size < declaredSize ? Math.min(declaredSize - size, slotSize) : slotSize
}
