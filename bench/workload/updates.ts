import { type BenchPackage, forge } from './forge.ts'
import type { StockPackage } from './package-stock.ts'
import { createRandom } from './random.ts'

/** Paths of a package that counts as a small one: two thirds of all are. */
const smallPathCount = 100

/**
 * New versions of small packages of the stock, each of another one, from all over the alphabet: what a repository gets
 * most. Gives fewer than `count` when the stock has no more.
 */
export function makeUpdates(stock: readonly StockPackage[], count: number, release = 2): BenchPackage[] {
  const small = stock.filter(({ pathCount }) => pathCount <= smallPathCount)
  return shuffle(small)
    .slice(0, count)
    .map((pkg) => forge(pkg, release))
}

/** In an order that is the same each time. */
function shuffle<T>(values: readonly T[]): T[] {
  const random = createRandom(values.length)
  return values
    .map((value) => ({ value, place: random.fraction() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value)
}
