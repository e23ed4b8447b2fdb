import { once } from 'node:events'
import { parentPort } from 'node:worker_threads'
import xz from 'xz-decompress'

/*
 * One archive: asks for compressed chunks, hands back unpacked ones, each only after the last was taken.
 */

const port = parentPort
if (!port) throw new Error('xz-worker runs in a worker thread alone')

let turn: Promise<unknown> = Promise.resolve()

/** Sends a message and waits for its answer; one at a time, since the stream asks ahead while its last bytes are being taken. */
function ask(message: unknown): Promise<unknown> {
  turn = turn.then(async () => {
    port?.postMessage(message)
    const [answer] = await once(port as NonNullable<typeof port>, 'message')
    return answer
  })
  return turn
}

const compressed = new ReadableStream<Uint8Array>(
  {
    async pull(controller) {
      const chunk = await ask({ want: true })
      if (chunk === null) controller.close()
      else controller.enqueue(chunk as Uint8Array)
    },
  },
  { highWaterMark: 0 },
)

try {
  for await (const bytes of new xz.XzReadableStream(
    compressed as never,
  ) as unknown as AsyncIterable<Uint8Array>) {
    await ask({ bytes })
  }
  port.postMessage({ end: true })
} catch (fault) {
  port.postMessage({ fault: fault instanceof Error ? fault.message : String(fault) })
}
