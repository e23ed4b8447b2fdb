import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { layOut } from '../src/databases/database-layout.ts'
import { packFiles } from '../src/databases/pack-files.ts'
import { openDatabase } from '../src/databases/read-database.ts'
import { temporaryFolder } from './support/folders.ts'

const path = new URL('../../../docs/reference/database-format.md', import.meta.url)

/** The bytes of the example, its remarks left out. */
function exampleBytes(): Buffer {
  const example = /```text\n(.*?)```/s.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
  const hex = example.split('\n').map((line) => /^(?:[0-9a-f]{2} ?)*/.exec(line)?.[0] ?? '')
  return Buffer.from(hex.join('').replaceAll(' ', ''), 'hex')
}

test('the database without any package is what the description of the format says, byte for byte', async () => {
  const packs = packFiles(join(temporaryFolder(onTestFinished), 'databases'))
  const database = await openDatabase(packs, 1, layOut([]))
  const bytes = Buffer.alloc(database.size)
  await database.read(bytes, 0)
  expect(exampleBytes().toString('hex')).toBe(bytes.toString('hex'))
  expect(gunzipSync(bytes)).toEqual(Buffer.alloc(1024))
})
