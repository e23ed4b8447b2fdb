/** Bytes of a slot for large uploads: large enough that handing it over costs little beside what is done with it. */
export const slotSize = 1024 * 1024

/** Memory that other threads read while it is written to disk. */
export interface Slots {
  /** At least one byte, at most `slotSize`; as many as `wanted` in between. */
  take(wanted: number): Uint8Array
  /** To be called when nobody reads the slot any more. One that is never given back is left to the garbage collector. */
  give(slot: Uint8Array): void
}

/** Keeps up to `kept` large slots for the next uploads. Small ones are made anew: that is cheaper than to search. */
export function createSlots(kept: number): Slots {
  const free: SharedArrayBuffer[] = []
  return {
    take(wanted) {
      if (wanted < slotSize) return new Uint8Array(new SharedArrayBuffer(Math.max(1, wanted)))
      return new Uint8Array(free.pop() ?? new SharedArrayBuffer(slotSize))
    },
    give({ buffer }) {
      if (buffer instanceof SharedArrayBuffer && buffer.byteLength === slotSize && free.length < kept)
        free.push(buffer)
    },
  }
}
