/** Rows of one statement: SQLite takes 32,766 parameters. */
const batchSize = 500

/** Cuts values into pieces that one statement can take. */
export function* batches<T>(values: readonly T[]): Generator<readonly T[]> {
  for (let start = 0; start < values.length; start += batchSize) yield values.slice(start, start + batchSize)
}
