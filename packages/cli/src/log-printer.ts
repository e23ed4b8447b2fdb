import { hasColours } from './invocation.ts'
import { createLogNeutraliser } from './neutralise.ts'
import type { Surroundings } from './surroundings.ts'

/** Prints a log on standard output, piece by piece. */
export interface LogPrinter {
  print(piece: Uint8Array | string): Promise<void>
  /** Prints what was held back. */
  end(): Promise<void>
}

/** A log is a stranger's text: it goes as it is into a file or a pipe, and harmless on a terminal. */
export function createLogPrinter(surroundings: Surroundings): LogPrinter {
  const { stdout } = surroundings
  if (!stdout.isTerminal) return { print: (piece) => stdout.write(piece), end: async () => {} }
  const decoder = new TextDecoder()
  const neutraliser = createLogNeutraliser({ colours: hasColours(surroundings) })
  return {
    async print(piece) {
      const text = typeof piece === 'string' ? piece : decoder.decode(piece, { stream: true })
      await stdout.write(neutraliser.push(text))
    },
    end: () => stdout.write(neutraliser.push(decoder.decode()) + neutraliser.end()),
  }
}
