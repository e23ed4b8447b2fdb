/** What `--limit` and `--offset` say. */
export interface PageOptions {
  limit: number
  offset: number
}

/** The most that the server hands out at once (`limit` in the contract). */
const largestPage = 10_000

/** Fetches as many items as the options ask for, page by page where they are more than the server hands out at once. */
export async function collectPages<T>(
  options: PageOptions,
  fetchPage: (page: PageOptions) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const items: T[] = []
  while (items.length < options.limit) {
    const limit = Math.min(largestPage, options.limit - items.length)
    const page = await fetchPage({ limit, offset: options.offset + items.length })
    items.push(...page)
    if (page.length < limit) break
  }
  return items
}
