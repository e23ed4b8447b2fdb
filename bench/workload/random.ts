/** A source of numbers that is the same for the same seed, on every machine. */
export interface Random {
  /** From 0 to less than 1. */
  fraction(): number
  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number
  chance(probability: number): boolean
  pick<T>(values: readonly T[]): T
  /** Normally distributed, mean 0 and deviation 1: the method of Box and Muller. */
  normal(): number
}

/** Makes the source of the seeds: different ones give numbers that have nothing in common. */
export function createRandom(...seeds: readonly number[]): Random {
  let state = seeds.reduce((mixed, seed) => mix(mixed ^ Math.imul(seed + 1, 0x9e3779b1)), 0x2545f491)
  function fraction(): number {
    state = (state + 0x6d2b79f5) | 0
    return (mix(state) >>> 0) / 2 ** 32
  }
  const integer = (least: number, most: number) => least + Math.floor(fraction() * (most - least + 1))
  return {
    fraction,
    integer,
    chance: (probability) => fraction() < probability,
    pick: <T>(values: readonly T[]) => values[integer(0, values.length - 1)] as T,
    normal: () => Math.sqrt(-2 * Math.log(1 - fraction())) * Math.cos(2 * Math.PI * fraction()),
  }
}

/** Spreads each bit of the input over all 32 of the output. */
function mix(input: number): number {
  let bits = input
  bits = Math.imul(bits ^ (bits >>> 16), 0x7feb352d)
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b)
  return bits ^ (bits >>> 16)
}
