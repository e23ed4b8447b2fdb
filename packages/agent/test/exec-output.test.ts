import { describe, expect, test } from 'vitest'
import { splitOutput } from '../src/exec-output.ts'

function frame(channel: number, text: string): Buffer {
  const header = Buffer.alloc(8)
  header[0] = channel
  header.writeUInt32BE(Buffer.byteLength(text), 4)
  return Buffer.concat([header, Buffer.from(text)])
}

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ stdout: string; stderr: string; order: string }> {
  const seen = { stdout: '', stderr: '', order: '' }
  for await (const { channel, bytes } of splitOutput(chunks)) {
    const text = Buffer.from(bytes).toString()
    seen[channel] += text
    seen.order += text
  }
  return seen
}

describe('the output of a program in a container', () => {
  const stream = Buffer.concat([frame(1, 'one '), frame(2, 'two '), frame(1, ''), frame(1, 'three')])

  test.each([1, 3, 7, 8, 9, 1000])(
    'is split into its channels when it comes in pieces of %i bytes',
    async (size) => {
      expect(await read(inPieces(stream, size))).toEqual({
        stdout: 'one three',
        stderr: 'two ',
        order: 'one two three',
      })
    },
  )

  test('may end in the middle of a frame, as when the container is killed', async () => {
    expect((await read(inPieces(stream.subarray(0, -2), 5))).order).toBe('one two thr')
  })
})
