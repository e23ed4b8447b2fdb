import type { Segment } from './manifest.ts'

/** A database that is not what it should be, with the segment that shows it, where one does. */
export class DatabaseFault extends Error {
  readonly segment: Segment | undefined

  constructor(message: string, segment?: Segment, cause?: unknown) {
    super(message, { cause })
    this.name = 'DatabaseFault'
    this.segment = segment
  }
}
