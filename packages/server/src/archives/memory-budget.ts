import type { Decoding } from './decoding.ts'

/** A part of the budget that somebody has, or waits for. */
export interface Claim {
  /** Resolves when it is his turn. */
  granted: Promise<void>
  /** Gives it back, or waits no longer. Harmless when called twice. */
  give(): void
}

export interface MemoryBudget {
  /** More than the whole budget is the whole budget. */
  claim(bytes: number): Claim
}

/** What one decoder after the other holds of the budget: growing, it gives back all and waits for the larger part. */
export function holdMemory(budget: MemoryBudget): Pick<Decoding, 'reserve'> & Pick<Claim, 'give'> {
  let held = 0
  let claim: Claim | undefined
  return {
    async reserve(bytes) {
      if (bytes <= held) return
      held = bytes
      claim?.give()
      claim = budget.claim(bytes)
      await claim.granted
    },
    give: () => claim?.give(),
  }
}

/**
 * Shares memory out in turn: who asks for much is not overtaken by those who ask for little. Nobody waits for ever, as long
 * as nobody who has a part waits for another one.
 */
export function createMemoryBudget(total: number): MemoryBudget {
  let free = total
  const waiting: { bytes: number; grant: () => void }[] = []

  function serve(): void {
    for (let first = waiting[0]; first && first.bytes <= free; first = waiting[0]) {
      waiting.shift()
      free -= first.bytes
      first.grant()
    }
  }

  return {
    claim(wanted) {
      const bytes = Math.min(wanted, total)
      const { promise: granted, resolve: grant } = Promise.withResolvers<void>()
      const place = { bytes, grant }
      waiting.push(place)
      serve()
      let isGiven = false
      return {
        granted,
        give() {
          if (isGiven) return
          isGiven = true
          const at = waiting.indexOf(place)
          if (at >= 0) waiting.splice(at, 1)
          else free += bytes
          serve()
        },
      }
    },
  }
}
