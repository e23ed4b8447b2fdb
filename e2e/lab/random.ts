/** Numbers that look random and are the same for the same seed, so that a failure can be seen again. */
export interface Random {
  /** From 0 to below `limit`. */
  below(limit: number): number
  /** True in so many of a hundred cases. */
  percent(share: number): boolean
  pick<T>(values: readonly T[]): T
  /** Bytes that no compressor makes fewer. */
  bytes(length: number): Buffer
}

/** A generator by G. Marsaglia's xorshift ("Xorshift RNGs", 2003), the one of 32 bits with the shifts 13, 17, 5. */
export function makeRandom(seed: number): Random {
  // Zero is the one state that xorshift never leaves; the multiplication sets seeds that lie side by side apart.
  let state = Math.imul(seed, 0x9e37_79b1) >>> 0 || 1
  function next(): number {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
  const below = (limit: number) => Math.floor((next() / 2 ** 32) * limit)
  return {
    below,
    percent: (share) => below(100) < share,
    pick(values) {
      if (values.length === 0) throw new Error('There is nothing to pick from.')
      return values[below(values.length)] as (typeof values)[number]
    },
    bytes(length) {
      const words = new Uint32Array(Math.ceil(length / 4))
      for (let index = 0; index < words.length; index++) words[index] = next()
      return Buffer.from(words.buffer, 0, length)
    },
  }
}

/** The seed of a run: that of the variable LAB_SEED, else a new one. Whoever takes it prints it. */
export function seedOfRun(): number {
  const given = process.env.LAB_SEED
  return given === undefined ? Date.now() % 1_000_000 : Number(given)
}
