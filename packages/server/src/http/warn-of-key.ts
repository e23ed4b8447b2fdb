import type { Context } from '../context.ts'
import type { Caller } from '../domain/scopes.ts'

/** Seconds between two warnings about the same agent. */
const interval = 3600
/** How many agents are remembered; more than anybody has. */
const maxAgents = 1000

/** Warns of agents that show the API key: whoever takes it from their machine may do everything. */
export function createKeyWarnings({ clock, log }: Pick<Context, 'clock' | 'log'>) {
  const warned = new Map<string, number>()
  return (caller: Caller, { agent, address }: { agent: string; address: string }): void => {
    if (caller.tokenId !== null) return
    const who = `${agent} ${address}`
    if ((warned.get(who) ?? Number.NEGATIVE_INFINITY) + interval > clock()) return
    if (warned.size >= maxAgents) warned.clear()
    warned.set(who, clock())
    log.warn(
      { agent, address },
      'THIS AGENT USES THE API KEY, which may do everything: give it a token of its own (`vieter tokens create NAME --scope agent`)',
    )
  }
}
