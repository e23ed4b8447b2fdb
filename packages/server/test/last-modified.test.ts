import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideDate, nextLastModified } from '../src/domain/last-modified.ts'

describe('the date of the next generation', () => {
  test('is now', () => {
    expect(nextLastModified({ lastModified: 90, served: true }, 100)).toBe(100)
  })

  test('is later than one that was served in the same second, or that lies ahead', () => {
    expect(nextLastModified({ lastModified: 100, served: true }, 100)).toBe(101)
    expect(nextLastModified({ lastModified: 107, served: true }, 100)).toBe(108)
  })

  test('may be that of one that nobody was sent', () => {
    expect(nextLastModified({ lastModified: 100, served: false }, 100)).toBe(100)
    expect(nextLastModified({ lastModified: 107, served: false }, 100)).toBe(107)
  })
})

describe('a client that asks with a date', () => {
  test('of ours, old or new, gets ours', () => {
    for (const since of [undefined, 1, 99, 100])
      expect(decideDate(since, 100, 200)).toEqual({ kind: 'dated' })
  })

  test('between ours and now, has it from elsewhere: ours moves past it', () => {
    expect(decideDate(101, 100, 200)).toEqual({ kind: 'raise', lastModified: 102 })
    expect(decideDate(200, 100, 200)).toEqual({ kind: 'raise', lastModified: 201 })
  })

  test('in the future, gets what there is without a date', () => {
    expect(decideDate(201, 100, 200)).toEqual({ kind: 'undated' })
  })
})

test('a client that takes what it is sent is never stale, whatever clocks do', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('publish' as const) }),
    fc.record({ kind: fc.constant('ask' as const), client: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ kind: fc.constant('clock' as const), to: fc.integer({ min: 1, max: 30 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const server = { now: 10, generation: 1, lastModified: 10, served: false }
      const clients = [0, 1, 2].map(() => ({ generation: 0, since: undefined as number | undefined }))
      for (const one of steps) {
        if (one.kind === 'clock') server.now = one.to
        if (one.kind === 'publish') {
          server.lastModified = nextLastModified(server, server.now)
          server.generation += 1
          server.served = false
        }
        const client = one.kind === 'ask' ? clients[one.client] : undefined
        if (!client) continue
        const decision = decideDate(client.since, server.lastModified, server.now)
        // A client's own dates are all of ours: none lies ahead of what we have.
        expect(decision.kind).toBe('dated')
        server.served = true
        if (client.since !== server.lastModified) client.generation = server.generation
        client.since = server.lastModified
        expect(client.generation).toBe(server.generation)
      }
    }),
  )
})
