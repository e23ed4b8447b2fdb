import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runChecked } from './processes.ts'
import { makeScratch } from './scratch.ts'
import { startServer, type VieterServer } from './vieter.ts'

/** A field that differs; empty where one side has none. */
interface Difference {
  readonly field: string
  readonly repoAdd: readonly string[]
  readonly vieter: readonly string[]
}

/** How the entry of one package compares. */
export interface Comparison {
  readonly filename: string
  /** Why it was not taken; then nothing was compared. */
  readonly refusal?: string
  /** The fields of desc and files that repo-add writes. */
  readonly fields: number
  /** Lines of the file list. */
  readonly files: number
  readonly differences: readonly Difference[]
  /** The whole texts of desc and files are the same, byte for byte. */
  readonly isIdentical: boolean
}

/** The texts of an entry. */
interface Entry {
  readonly desc: string
  readonly files: string
}

const repository = 'likeness'

/**
 * Has real repo-add and a server with these settings describe package files, each in a database of its own, and
 * compares the entries field by field. A signature lies beside its package as `FILE.sig`.
 */
export async function compareWithRepoAdd(
  paths: readonly string[],
  settings: Readonly<Record<`VIETER_${string}`, string>> = {},
): Promise<Comparison[]> {
  const scratch = await makeScratch('likeness')
  const server = await startServer({
    dataFolder: join(scratch.path, 'data'),
    settings: { VIETER_DEFAULT_ARCH: 'x86_64', ...settings },
  })
  try {
    const comparisons: Comparison[] = []
    for (const [index, path] of paths.entries()) {
      const folder = join(scratch.path, `${index}`)
      await mkdir(folder)
      comparisons.push(await compareOne(path, server, { folder, repository: `${repository}-${index}` }))
    }
    return comparisons
  } finally {
    await server.stop()
    await scratch.remove()
  }
}

interface Place {
  readonly folder: string
  readonly repository: string
}

async function compareOne(path: string, server: VieterServer, place: Place): Promise<Comparison> {
  const filename = basename(path)
  const answer = await publish(path, server, place.repository)
  if (answer.refusal !== undefined) {
    return { filename, refusal: answer.refusal, fields: 0, files: 0, differences: [], isIdentical: false }
  }
  await runChecked('repo-add', ['--quiet', join(place.folder, 'theirs.db.tar.gz'), path], {
    // In the C locale its bsdtar would write names as escapes.
    environment: { ...process.env, LANG: 'C.UTF-8', LC_ALL: undefined },
  })
  const theirs = await readEntry(
    join(place.folder, 'theirs.db.tar.gz'),
    join(place.folder, 'theirs.files.tar.gz'),
  )
  const ours = await downloadEntry(server, answer.arch, place)
  const fields = new Map([...fieldsOf(theirs.desc), ...fieldsOf(theirs.files)])
  return {
    filename,
    fields: fields.size,
    files: fields.get('FILES')?.length ?? 0,
    differences: findDifferences(fields, new Map([...fieldsOf(ours.desc), ...fieldsOf(ours.files)])),
    isIdentical: theirs.desc === ours.desc && theirs.files === ours.files,
  }
}

async function publish(
  path: string,
  { address, apiKey }: VieterServer,
  name: string,
): Promise<{ arch: string; refusal?: undefined } | { refusal: string }> {
  const signature = existsSync(`${path}.sig`) ? await readFile(`${path}.sig`, 'base64') : undefined
  const response = await fetch(`${address}/${name}/publish`, {
    method: 'POST',
    headers: { 'x-api-key': apiKey, ...(signature === undefined ? {} : { 'x-signature': signature }) },
    body: new Uint8Array(await readFile(path)),
  })
  const { data, message } = (await response.json()) as { data: { archs: string[] }; message: string }
  return response.status === 200 ? { arch: data.archs[0] ?? '' } : { refusal: message }
}

async function downloadEntry(
  server: VieterServer,
  arch: string,
  { folder, repository }: Place,
): Promise<Entry> {
  for (const kind of ['db', 'files']) {
    const response = await fetch(`${server.address}/${repository}/${arch}/${repository}.${kind}`)
    await writeFile(join(folder, `ours.${kind}`), await response.bytes())
  }
  return readEntry(join(folder, 'ours.db'), join(folder, 'ours.files'))
}

/** The one entry of a database and of its file list, whose descs must be the same. */
async function readEntry(database: string, list: string): Promise<Entry> {
  const read = async (path: string, member: string) =>
    (await runChecked('bsdtar', ['-xOf', path, '--include', `*/${member}`])).stdout
  const desc = await read(database, 'desc')
  if ((await read(list, 'desc')) !== desc)
    throw new Error(`${database} and ${list} describe another package.`)
  return { desc, files: await read(list, 'files') }
}

function fieldsOf(text: string): Map<string, string[]> {
  const fields = new Map<string, string[]>()
  let values: string[] = []
  for (const line of text.split('\n')) {
    const field = /^%([A-Z0-9]+)%$/.exec(line)?.[1]
    if (field !== undefined) {
      values = []
      fields.set(field, values)
    } else if (line !== '') values.push(line)
  }
  return fields
}

/** Of lists only the values that the other side hasn't, unless it is their order that differs. */
function findDifferences(
  theirs: ReadonlyMap<string, readonly string[]>,
  ours: ReadonlyMap<string, readonly string[]>,
): Difference[] {
  return [...new Set([...theirs.keys(), ...ours.keys()])].flatMap((field) => {
    const [repoAdd, vieter] = [theirs.get(field) ?? [], ours.get(field) ?? []]
    if (repoAdd.join('\n') === vieter.join('\n')) return []
    const [only, others] = [new Set(repoAdd), new Set(vieter)]
    const [a, b] = [repoAdd.filter((value) => !others.has(value)), vieter.filter((value) => !only.has(value))]
    return [a.length + b.length === 0 ? { field, repoAdd, vieter } : { field, repoAdd: a, vieter: b }]
  })
}
