/*
 * The dates of databases. pacman asks with If-Modified-Since, whole seconds, throws away what is not later than that,
 * and has no other condition (measured with pacman 6.0.2). So the date of a database must say what it holds: no two
 * generations that clients have seen may share one. All times are UTC epoch seconds.
 */

interface Previous {
  lastModified: number
  /** Whether anyone was ever sent it, or may have been. */
  served: boolean
}

/** The date of the next generation: now, or a second after the previous one, which may lie in the future. */
export function nextLastModified({ lastModified, served }: Previous, now: number): number {
  return Math.max(now, served ? lastModified + 1 : lastModified)
}

export type DateDecision =
  /** Send this date; a client that has asked with the same one has what there is. */
  | { kind: 'dated' }
  /** The client's date is none of ours, and would hide what comes next: move ours past it, and send that. */
  | { kind: 'raise'; lastModified: number }
  /** The client's date lies in the future: what comes without a date is always taken. */
  | { kind: 'undated' }

/** What to do about a request's If-Modified-Since (undefined: it has none). */
export function decideDate(since: number | undefined, lastModified: number, now: number): DateDecision {
  if (since === undefined || since <= lastModified) return { kind: 'dated' }
  return since <= now ? { kind: 'raise', lastModified: since + 1 } : { kind: 'undated' }
}
