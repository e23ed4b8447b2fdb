import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type ErrorCode, errorTable } from '../packages/api/src/index.ts'
import { forgePackage } from './lab/forge.ts'
import { publishFile } from './lab/repository-client.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { type Settings, startServer, type VieterServer, vieter } from './lab/vieter.ts'

/** The codes that commands alone tell of, but the one that wants a container engine. */
type CommandCode = Exclude<
  { [C in ErrorCode]: (typeof errorTable)[C]['status'] extends 0 ? C : never }[ErrorCode],
  'BUILD_FAILED'
>

/** A moment in which the command of an example is run. */
interface Moment {
  settings: Settings
  /** What takes the moment away again. */
  end?(): unknown
}

let scratch: Scratch
let server: VieterServer
let folder: string

beforeAll(async () => {
  scratch = await makeScratch('error-examples')
  server = await startServer({ dataFolder: `${scratch.path}/running` })
  await publishFile(server, 'vieter', forgePackage({ name: 'hello', version: '1.0-1' }))
})

beforeEach(async () => {
  folder = join(scratch.path, `data-${(await readdir(scratch.path)).length}`)
  await mkdir(folder)
})

afterAll(async () => {
  await server.stop()
  await scratch.remove()
})

const onData = (path: string): Settings => ({
  VIETER_DATA_DIR: path,
  VIETER_HOST: '127.0.0.1',
  VIETER_PORT: '0',
  VIETER_API_KEY: 'x',
})
const at = (address: string): Settings => ({ VIETER_ADDRESS: address, VIETER_API_KEY: server.apiKey })

/** Data of a server that has stopped, after a change to its store. */
async function dataWith(statement: string): Promise<Moment> {
  const stopped = await startServer({ dataFolder: folder })
  await stopped.stop()
  const store = new DatabaseSync(join(folder, 'store.sqlite'))
  store.exec(statement)
  store.close()
  return { settings: onData(folder) }
}

/** A program that speaks HTTP, and not as Vieter does. */
async function openStranger(): Promise<{ port: number; close(): void }> {
  const stranger = createServer((_, response) => response.end('It works!'))
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  return { port: (stranger.address() as AddressInfo).port, close: () => stranger.close() }
}

const moments: Record<CommandCode, () => Promise<Moment>> = {
  CONFIGURATION_INVALID: async () => ({ settings: {} }),
  DATA_TOO_NEW: () =>
    dataWith("insert into kysely_migration (name, timestamp) values ('9999-later', '2030')"),
  DATA_TOO_OLD: () => dataWith("delete from kysely_migration where name like '0002%'"),
  DATA_IN_USE: async () => ({ settings: onData(server.dataFolder) }),
  DATA_NOT_FOUND: async () => ({ settings: onData(folder) }),
  async DATA_DAMAGED() {
    const damaged = await startServer({ dataFolder: folder })
    await publishFile(damaged, 'vieter', forgePackage({ name: 'hello', version: '1.0-1' }))
    await damaged.stop()
    await rm(join(folder, 'packages'), { recursive: true })
    await mkdir(join(folder, 'packages'))
    return { settings: onData(folder) }
  },
  async FOLDER_REFUSED() {
    await mkdir(join(folder, 'folder'))
    await writeFile(join(folder, 'folder/diary'), '')
    return { settings: onData(server.dataFolder) }
  },
  async FOLDER_IN_USE() {
    const lock = new DatabaseSync(join(folder, '.folder.lock'))
    lock.exec('begin exclusive')
    return { settings: onData(server.dataFolder), end: () => lock.close() }
  },
  ADDRESS_IN_USE: async () => ({ settings: { ...onData(folder), VIETER_PORT: String(server.port) } }),
  SERVER_UNREACHABLE: async () => ({ settings: at('http://127.0.0.1:1') }),
  async ANSWER_INVALID() {
    const stranger = await openStranger()
    return { settings: at(`http://127.0.0.1:${stranger.port}`), end: stranger.close }
  },
  ENGINE_UNREACHABLE: async () => ({
    settings: { ...at(server.address), VIETER_ENGINE_SOCKET: join(folder, 'no.sock') },
  }),
}

/** An expression for what is printed of a message in which `…` stands for anything. */
function shapeOf(message: string): RegExp {
  const parts = message.split('…').map((part) => RegExp.escape(part))
  return new RegExp(`^error: ${parts.join('.+')}\\nhint: .+\\n$`)
}

test.each(Object.entries(moments))('the example of %s is true', async (code, moment) => {
  const { sent, message } = errorTable[code as CommandCode].example
  const { settings, end } = await moment()
  const outcome = await vieter(sent.split(' ').slice(1), { settings, cwd: folder })
  await end?.()
  expect(outcome).toMatchObject({ stdout: '', stderr: expect.stringMatching(shapeOf(message)) })
  expect(outcome.code).toBeGreaterThan(0)
})
