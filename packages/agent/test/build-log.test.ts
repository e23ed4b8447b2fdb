import { describe, expect, test } from 'vitest'
import { createBuildLog } from '../src/build-log.ts'

/** A server's log, which every piece is appended to. */
function receiver() {
  const state = { text: '', pieces: [] as number[] }
  const send = async (offset: number, piece: Uint8Array) => {
    expect(offset).toBe(Buffer.byteLength(state.text))
    state.text += Buffer.from(piece).toString()
    state.pieces.push(piece.length)
    return Buffer.byteLength(state.text)
  }
  return { state, send }
}

const bytes = (text: string) => Buffer.from(text)

describe('the log of a build', () => {
  test('has output and the agent’s lines in order, each line on its own', async () => {
    const { state, send } = receiver()
    const log = createBuildLog({ send, limit: 100_000 })
    log.line('one')
    await log.write(bytes('output'))
    log.line('two')
    await log.write(bytes('more\n'))
    log.line('three')
    await log.flush()
    expect(state.text).toBe('==> vieter: one\noutput\n==> vieter: two\nmore\n==> vieter: three\n')
  })

  test('goes out in pieces of 64 KiB at most', async () => {
    const { state, send } = receiver()
    const log = createBuildLog({ send, limit: 1_000_000 })
    for (let i = 0; i < 100; i++) await log.write(bytes('x'.repeat(2000)))
    await log.flush()
    expect(state.text.length).toBe(200_000)
    expect(Math.max(...state.pieces)).toBe(65_536)
  })

  test('is echoed at once', async () => {
    const { send } = receiver()
    let echoed = ''
    const log = createBuildLog({
      send,
      limit: 100_000,
      echo: (piece) => {
        echoed += Buffer.from(piece).toString()
      },
    })
    log.line('one')
    expect(echoed).toBe('==> vieter: one\n')
    await log.flush()
  })

  test('is cut off at its limit, with a note and with the agent’s last words', async () => {
    const { state, send } = receiver()
    const log = createBuildLog({ send, limit: 20_000 })
    await log.write(bytes('x'.repeat(19_000)))
    await log.write(bytes('never seen'))
    log.line('failed: reason')
    await log.flush()
    expect(state.text).toBe(
      `${'x'.repeat(20_000 - 16_384)}\n` +
        '==> vieter: the log is full; what the build prints from here on is cut off\n' +
        '==> vieter: failed: reason\n',
    )
  })

  test('slows a program down that prints faster than the server takes it', async () => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const log = createBuildLog({
      send: async (offset, piece) => {
        await gate
        return offset + piece.length
      },
      limit: 100_000_000,
    })
    let written = false
    const writing = log.write(bytes('x'.repeat(3_000_000))).then(() => {
      written = true
    })
    await Promise.race([writing, new Promise((resolve) => setImmediate(resolve))])
    expect(written).toBe(false)
    release()
    await writing
    await log.flush()
  })
})
