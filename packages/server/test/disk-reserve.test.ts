import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { filesIn } from './support/folders.ts'
import { entriesOf, packageArchive } from './support/packages.ts'
import { connectRaw, lines } from './support/raw-client.ts'
import { startServer } from './support/server.ts'

/** MiB: more than any disk has. */
const everything = 2 ** 40

describe('a disk with less free than the reserve', () => {
  test('takes no package, says so with the setting’s name, and keeps nothing', async () => {
    const server = await startServer({ settings: { disk_reserve: everything } })
    const response = await server.publish('repo', packageArchive())
    expect(response.status).toBe(507)
    expect(await response.json()).toEqual({
      message: `The server keeps the last ${everything} MiB of its disk free, and the package does not fit in what is left.`,
      data: '',
      code: 'STORAGE_FULL',
      hint: 'Free some disk space on the server, or lower `disk_reserve`; then send it again.',
    })
    expect(filesIn(join(server.folder, 'packages'))).toEqual([])
  })

  test('refuses before the client was told to send its body', async () => {
    const { port } = await startServer({ settings: { disk_reserve: everything } })
    const connection = await connectRaw(port)
    connection.send(
      lines(
        'POST /repo/publish HTTP/1.1',
        'Host: x',
        'X-Api-Key: secret',
        'Content-Length: 1000000',
        'Expect: 100-continue',
      ),
    )
    expect(await connection.until(/STORAGE_FULL/)).not.toContain('100 Continue')
  })

  test('is still read from, and written to otherwise', async () => {
    const first = await startServer()
    await first.publish('repo', packageArchive())
    await first.app.stop()
    const server = await startServer({ folder: first.folder, settings: { disk_reserve: everything } })
    const fetched = await fetch(`${server.url}/repo/x86_64/hello-1.0-1-x86_64.pkg.tar.zst`)
    expect(Buffer.from(await fetched.bytes())).toEqual(packageArchive())
    expect((await server.request('DELETE', '/repo/x86_64/hello')).status).toBe(200)
    expect(await entriesOf(await fetch(`${server.url}/repo/x86_64/repo.db`))).toEqual([])
  })

  test('does not matter with a reserve of 0', async () => {
    const server = await startServer({ settings: { disk_reserve: 0 } })
    expect((await server.publish('repo', packageArchive())).status).toBe(200)
  })

  test('is known from the size that is declared: a package larger than the disk is refused at once', async () => {
    const { port } = await startServer({ settings: { disk_reserve: 1 } })
    const connection = await connectRaw(port)
    const length = `Content-Length: ${2 ** 50}`
    connection.send(lines('POST /repo/publish HTTP/1.1', 'Host: x', 'X-Api-Key: secret', length))
    await connection.until(/STORAGE_FULL/)
  })
})
