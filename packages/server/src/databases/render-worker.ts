import { parentPort, workerData } from 'node:worker_threads'
import { openReader } from '../store/open-store.ts'
import { renderRange } from './render-range.ts'
import type { FromRenderer, ToRenderer } from './renderers.ts'

/*
 * Renders segments beside the main thread, from the rows as they are committed.
 */

const port = parentPort
if (!port) throw new Error('render-worker runs in a worker thread alone')

const reader = openReader(workerData as string)

port.on('message', async (message: ToRenderer) => {
  if (message === 'close') {
    await (await reader).destroy()
    port.close()
    return
  }
  const { id, request } = message
  try {
    const segments = await renderRange(await reader, request)
    const buffers = segments.map(({ bytes }) => bytes.buffer)
    port.postMessage({ id, segments } satisfies FromRenderer, buffers)
  } catch (fault) {
    port.postMessage({
      id,
      fault: fault instanceof Error ? fault.message : String(fault),
    } satisfies FromRenderer)
  }
})
