import { parentPort, workerData } from 'node:worker_threads'
import type { EntryRow, Statement, TextsRow } from '../store/entries.ts'
import { openSqliteReadOnly } from '../store/sqlite.ts'
import { entriesOf } from './entry-reader.ts'
import { renderEntries } from './render-entries.ts'
import type { FromRenderer, RenderQuestions, ToRenderer } from './renderers.ts'

/*
 * Renders segments beside the main thread, from the rows as they are committed. Loads little: each thread has modules of
 * its own in memory.
 */

const port = parentPort
if (!port) throw new Error('render-worker runs in a worker thread alone')

const reader = openSqliteReadOnly(workerData as string)

port.on('message', (message: ToRenderer) => {
  if (message === 'close') {
    reader.close()
    port.close()
    return
  }
  try {
    const segments = render(message)
    const buffers = segments.map(({ bytes }) => bytes.buffer)
    port.postMessage({ segments } satisfies FromRenderer, buffers)
  } catch (fault) {
    port.postMessage({ fault: fault instanceof Error ? fault.message : String(fault) } satisfies FromRenderer)
  }
})

function render({ entries, texts, wanted, effort }: RenderQuestions): ReturnType<typeof renderEntries> {
  const rows = rowsOf(entries) as EntryRow[]
  const textRows = texts ? (rowsOf(texts) as TextsRow[]) : []
  return renderEntries(entriesOf(wanted, rows, textRows), wanted.kind, effort)
}

function rowsOf({ sql, parameters }: Statement): unknown[] {
  return reader.execute(sql, parameters).rows
}
