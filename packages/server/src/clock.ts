/** The time now, in UTC epoch seconds. */
export function clock(): number {
  return Math.floor(Date.now() / 1000)
}
