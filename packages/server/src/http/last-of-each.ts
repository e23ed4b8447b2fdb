/** Of a parameter of a query that was given several times the last counts. */
export function lastOfEach(query: unknown): Record<string, string | undefined> {
  const last: Record<string, string | undefined> = Object.create(null)
  for (const name in query as Record<string, string | string[]>) {
    const value = (query as Record<string, string | string[]>)[name]
    last[name] = Array.isArray(value) ? value.at(-1) : value
  }
  return last
}
