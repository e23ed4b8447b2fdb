import { rm } from 'node:fs/promises'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runLoop } from '../src/loop.ts'
import { type TestWorkshop, testWorkshop } from './workshop.ts'

let shop: TestWorkshop
let stop: AbortController
let lines: { msg: string; level: number; code?: string }[]
beforeEach(async () => {
  shop = await testWorkshop()
  stop = new AbortController()
  lines = []
})
afterEach(async () => {
  stop.abort()
  await shop.server.close()
  await rm(shop.folder, { recursive: true })
})

function loop(maxBuilds = 1): Promise<void> {
  const logger = pino({ level: 'debug' }, { write: (text: string) => void lines.push(JSON.parse(text)) })
  return runLoop({ shop, arch: 'x86_64', maxBuilds, retryDelay: 10, logger, stop: stop.signal })
}

describe('the agent', () => {
  test('asks for its architecture under its name, and builds what it is given', async () => {
    const job = shop.server.enqueue({})
    const ended = loop()
    await job.finished
    stop.abort()
    await ended
    expect(job.exitCode).toBe(0)
    expect(shop.server.requests[0]?.line).toBe('POST /api/v1/jobs/lease?arch=x86_64&max=1&agent=test&wait=25')
    expect(lines.map(({ msg }) => msg)).toEqual(['build begins', 'build ended'])
  })

  test('starts a job at once that comes while it waits', async () => {
    const asked = shop.server.request('POST /api/v1/jobs/lease')
    const ended = loop()
    await asked
    const job = shop.server.enqueue({})
    await job.finished
    stop.abort()
    await ended
    expect(job.exitCode).toBe(0)
  })

  test('builds several at once, no more than it may', async () => {
    let running = 0
    let most = 0
    const both = Promise.withResolvers<void>()
    shop.engine.reply = async ({ argv }) => {
      if (!argv.includes('--noextract')) return undefined
      running++
      most = Math.max(most, running)
      if (running === 2) both.resolve()
      await both.promise
      running--
      return {}
    }
    const jobs = [shop.server.enqueue({}), shop.server.enqueue({}), shop.server.enqueue({})]
    const ended = loop(2)
    await Promise.all(jobs.map((job) => job.finished))
    stop.abort()
    await ended
    expect(most).toBe(2)
    const asked = shop.server.requests.filter(({ line }) => line.includes('/lease')).map(({ line }) => line)
    expect(asked[0]).toContain('max=2')
    expect(asked[1]).toContain('max=1')
  })

  test('goes on asking when the server fails, and logs an outage once', async () => {
    shop.server.fail('POST /api/v1/jobs/lease', { status: 500, code: 'INTERNAL', message: 'Broken.' }, 3)
    const job = shop.server.enqueue({})
    const ended = loop()
    await job.finished
    stop.abort()
    await ended
    expect(lines.filter(({ level }) => level >= 50)).toEqual([
      expect.objectContaining({ code: 'INTERNAL', reason: 'Broken.', hint: 'A hint.' }),
    ])
    expect(lines.map(({ msg }) => msg)).toContain('the server answers again')
  })

  test('stops with its builds, whose logs are kept', async () => {
    const begun = Promise.withResolvers<void>()
    shop.engine.reply = ({ argv }) => {
      if (!argv.includes('--noextract')) return undefined
      begun.resolve()
      return new Promise(() => undefined)
    }
    const job = shop.server.enqueue({})
    const ended = loop()
    await begun.promise
    stop.abort()
    await ended
    expect(job.exitCode).toBe(130)
    expect(job.log).toContain('stopped with its agent')
  })

  test('stops while it waits for jobs', async () => {
    const asked = shop.server.request('POST /api/v1/jobs/lease')
    const ended = loop()
    await asked
    stop.abort()
    await ended
    expect(lines).toEqual([])
  })
})
