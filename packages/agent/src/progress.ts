import type { Sink } from './engine.ts'

/** Where work tells what happens: the log of a build. */
export interface Progress {
  /** A line of the agent's own. */
  line(text: string): void
  /** Output of a program. */
  write: Sink
}
