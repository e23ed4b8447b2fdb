import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { architecture } from './lab/architecture.ts'
import type { PackageFile } from './lab/forge.ts'
import { makePackage } from './lab/packages.ts'
import { makePacmanRoot, type PacmanRoot } from './lab/pacman.ts'
import { run, runChecked } from './lab/processes.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { makeSigner, type Signer } from './lab/signer.ts'
import { startServer, type VieterServer } from './lab/vieter.ts'

let scratch: Scratch
/** One whose databases have the fields that they have by default, and one with all. */
const servers: Record<string, VieterServer> = {}
let signer: Signer
let signed: PackageFile
let unsigned: PackageFile

beforeAll(async () => {
  scratch = await makeScratch('signatures')
  signer = await makeSigner('signer@example.org')
  signed = await makePackage(
    { name: 'signed', version: '1:1.0-1', depends: ['unsigned'], provides: ['proof=1'] },
    scratch.path,
  )
  await signer.sign(pathOf(signed))
  unsigned = await makePackage({ name: 'unsigned', version: '1.0-1' }, scratch.path)
  const all = { VIETER_DATABASE_MD5SUM: 'true', VIETER_DATABASE_PGPSIG: 'true' }
  for (const [fields, settings] of [
    ['usual', {}],
    ['all', all],
  ] as const) {
    const server = await startServer({ dataFolder: `${scratch.path}/${fields}`, settings })
    servers[fields] = server
    await publishSigned(server, signed)
    await publish(server, unsigned)
  }
})

afterAll(async () => {
  for (const server of Object.values(servers)) await server.stop()
  await signer.remove()
  await scratch.remove()
})

const pathOf = (file: PackageFile) => join(scratch.path, file.filename)
const serverWith = (fields: string) => servers[fields] as VieterServer

function publishOptions(server: VieterServer): string[] {
  const key = `X-Api-Key: ${server.apiKey}`
  return ['-sS', '--fail-with-body', '-XPOST', '-H', key, `${server.address}/lab/publish`]
}

async function publish(server: VieterServer, file: PackageFile): Promise<void> {
  await runChecked('curl', [...publishOptions(server), '-T', pathOf(file)])
}

/** As people do it. */
async function publishSigned(server: VieterServer, file: PackageFile): Promise<void> {
  const command = 'curl "$@" -H "X-Signature: $(base64 -w0 "$0.sig")" -T "$0"'
  await runChecked('sh', ['-c', command, pathOf(file), ...publishOptions(server)])
}

async function withPacman(server: VieterServer, use: (pacman: PacmanRoot) => Promise<void>): Promise<void> {
  const address = `${server.address}/$repo/$arch`
  const pacman = await makePacmanRoot([
    { name: 'lab', server: address, sigLevel: 'Required DatabaseNever TrustedOnly' },
  ])
  try {
    await signer.introduceTo(pacman)
    expect(await pacman.run('-Sy')).toMatchObject({ code: 0 })
    await use(pacman)
  } finally {
    await pacman.remove()
  }
}

/** The text of an entry in a database. */
async function descOf(database: string, file: PackageFile): Promise<string> {
  return (await runChecked('bsdtar', ['-xOf', database, `${file.name}-${file.version}/desc`])).stdout
}

describe.each(['usual', 'all'])(
  'with the %s fields in databases, a pacman that wants signatures',
  (fields) => {
    test('installs a package that was published with its own, and refuses one without', async () => {
      await withPacman(serverWith(fields), async (pacman) => {
        expect(await pacman.run('-Sdd', 'signed')).toMatchObject({ code: 0 })
        const refused = await pacman.run('-S', 'unsigned')
        expect(refused.code).toBe(1)
        expect(refused.stderr).toContain(`failed retrieving file '${unsigned.filename}.sig'`)
        expect((await pacman.run('-Q')).stdout).toBe('signed 1:1.0-1\n')
      })
    })

    test('installs one that got its signature later', async () => {
      const server = serverWith(fields)
      const late = await makePackage({ name: 'late', version: '1.0-1' }, scratch.path)
      await publish(server, late)
      await withPacman(server, async (pacman) => {
        expect((await pacman.run('-S', 'late')).code).toBe(1)
        await signer.sign(pathOf(late))
        await publishSigned(server, late)
        expect(await pacman.run('-Sy', 'late')).toMatchObject({ code: 0 })
      })
    })

    test('refuses one that was published with the signature of another', async () => {
      const server = serverWith(fields)
      const forged = await makePackage({ name: 'forged', version: '1.0-1' }, scratch.path)
      await runChecked('cp', [`${pathOf(signed)}.sig`, `${pathOf(forged)}.sig`])
      await publishSigned(server, forged)
      await withPacman(server, async (pacman) => {
        const refused = await pacman.run('-S', 'forged')
        expect(refused.code).toBe(1)
        expect(refused.stderr).toContain('forged: signature from "signer@example.org" is invalid')
      })
    })
  },
)

test('a database with all fields says of a package what repo-add says, in its order', async () => {
  const theirs = join(scratch.path, 'theirs.db.tar.gz')
  await runChecked('repo-add', ['-q', theirs, pathOf(signed), pathOf(unsigned)])
  const ours = join(scratch.path, 'ours.db')
  await runChecked('curl', ['-sSf', '-o', ours, `${serverWith('all').address}/lab/${architecture}/lab.db`])
  for (const file of [signed, unsigned]) expect(await descOf(ours, file)).toBe(await descOf(theirs, file))
  expect(await descOf(ours, signed)).toMatch(/%MD5SUM%\n.*\n\n%SHA256SUM%\n.*\n\n%PGPSIG%\n.*\n\n%URL%/)
  expect(await descOf(ours, unsigned)).not.toContain('%PGPSIG%')
})

test('an armored signature is refused with what to do', async () => {
  const armored = Buffer.from('-----BEGIN PGP SIGNATURE-----\n\niHUE').toString('base64')
  const { stdout, code } = await run('curl', [
    ...publishOptions(serverWith('usual')),
    ...['-H', `X-Signature: ${armored}`, '-T', pathOf(unsigned)],
  ])
  expect(code).toBe(22)
  expect(JSON.parse(stdout)).toMatchObject({
    code: 'SIGNATURE_INVALID',
    hint: expect.stringContaining('dearmor'),
  })
})
