import { describe, expect, test } from 'vitest'
import { filesIn } from './support/folders.ts'
import { packageArchive, readServedDatabase } from './support/packages.ts'
import { connectRaw, lines } from './support/raw-client.ts'
import { startServer, type TestServer } from './support/server.ts'

const archive = packageArchive()
const signatureAddress = '/repo/x86_64/hello-1.0-1-x86_64.pkg.tar.zst.sig'

/** A signature packet (RFC 9580 §4.2) in base64, whose body has so many bytes of this value. */
function signatureOf(value: number, size = 100): string {
  const header = [0xc2, 255, 0, 0, size >> 8, size & 255]
  return Buffer.from([...header, ...new Uint8Array(size).fill(value)]).toString('base64')
}

function publish(server: TestServer, signature?: string): Promise<Response> {
  const headers: Record<string, string> = signature === undefined ? {} : { 'x-signature': signature }
  return server.request('POST', '/repo/publish', { headers, body: Uint8Array.from(archive) })
}

async function servedSignature(server: TestServer): Promise<string | number> {
  const response = await server.request('GET', signatureAddress)
  return response.ok ? Buffer.from(await response.bytes()).toString('base64') : response.status
}

/** What identifies the current database, and the signature that it holds. */
async function served(server: TestServer): Promise<{ etag: string | null; signature: string | undefined }> {
  const response = await server.request('GET', '/repo/x86_64/repo.db')
  const [entry] = await readServedDatabase(response)
  const signature = /\n%PGPSIG%\n(.*)\n\n/.exec(entry?.desc ?? '')?.[1]
  return { etag: response.headers.get('etag'), signature }
}

describe('a package that is published with a signature', () => {
  test('has it beside it, as it came; the largest that pacman takes, too', async () => {
    const server = await startServer()
    const signature = signatureOf(4, 16 * 1024 - 6)
    expect((await publish(server, signature)).status).toBe(200)
    expect(await servedSignature(server)).toBe(signature)
  })

  test('and again without one keeps it', async () => {
    const server = await startServer()
    await publish(server, signatureOf(4))
    const before = await served(server)
    expect((await publish(server)).status).toBe(200)
    expect(await servedSignature(server)).toBe(signatureOf(4))
    expect(await served(server)).toEqual(before)
  })

  test('loses it when another file takes its name', async () => {
    const server = await startServer()
    await publish(server, signatureOf(4))
    await server.publish('repo', packageArchive({ files: { 'usr/other': '' } }), '?replace=true')
    expect(await servedSignature(server)).toBe(404)
  })
})

describe('the same package published again with a signature, or with another one', () => {
  test('gets it; databases without signatures stay what they are', async () => {
    const server = await startServer()
    await publish(server)
    const before = await served(server)
    for (const signature of [signatureOf(4), signatureOf(5)]) {
      expect(await (await publish(server, signature)).json()).toMatchObject({ data: { archs: ['x86_64'] } })
      expect(await servedSignature(server)).toBe(signature)
    }
    expect(await served(server)).toEqual({ ...before, signature: undefined })
    expect(filesIn(`${server.folder}/packages`)).toHaveLength(1)
  })

  test('gets it; databases with signatures are a new generation that holds it', async () => {
    const server = await startServer({ settings: { database_pgpsig: true } })
    await publish(server)
    const before = await served(server)
    expect(before.signature).toBeUndefined()
    await publish(server, signatureOf(4))
    const after = await served(server)
    expect(after.signature).toBe(signatureOf(4))
    expect(after.etag).not.toBe(before.etag)
    await publish(server, signatureOf(4))
    expect(await served(server)).toEqual(after)
  })

  test('gets it also when it had been removed', async () => {
    const server = await startServer({ settings: { database_pgpsig: true } })
    await publish(server, signatureOf(4))
    await server.request('DELETE', '/repo/x86_64/hello')
    await publish(server, signatureOf(5))
    expect(await servedSignature(server)).toBe(signatureOf(5))
    expect((await served(server)).signature).toBe(signatureOf(5))
  })
})

describe('what is no signature', () => {
  test.each([
    ['empty', ''],
    ['no base64', 'signature'],
    ['armored', Buffer.from('-----BEGIN PGP SIGNATURE-----\n').toString('base64')],
    ['two packets', Buffer.from([0xc2, 1, 4, 0xc2, 1, 4]).toString('base64')],
  ])('is refused when it is %s, and nothing is kept', async (_, signature) => {
    const server = await startServer()
    const answer = await publish(server, signature)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'SIGNATURE_INVALID' })
    expect((await server.request('GET', '/repo/x86_64/repo.db')).status).toBe(404)
    expect(filesIn(`${server.folder}/packages`)).toEqual([])
  })

  test('is refused before the body is asked for', async () => {
    const { port } = await startServer()
    const connection = await connectRaw(port)
    connection.send(
      lines(
        'POST /repo/publish HTTP/1.1',
        'Host: x',
        'X-Api-Key: secret',
        'X-Signature: x',
        'Content-Length: 1000000',
        'Expect: 100-continue',
      ),
    )
    expect(await connection.until(/SIGNATURE_INVALID/)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
  })
})
