import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeCorpus, makeFullPackage } from './lab/corpus.ts'
import { forgePackage, savePackage } from './lab/forge.ts'
import { type Comparison, compareWithRepoAdd } from './lab/likeness.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { makeSigner, type Signer } from './lab/signer.ts'

/*
 * What our databases say of a package is what real repo-add writes, but for what is left out on purpose.
 */
let scratch: Scratch
let signer: Signer
let paths: string[]

/** What the server reads besides zstd, of which the corpus is. */
const extensions = ['.pkg.tar', '.pkg.tar.gz', '.pkg.tar.xz']

/** Fields that no makepkg 6 writes, and some that a person wrote. */
const byHand = [
  'xdata = pkgtype=pkg',
  'future = yes',
  'optdepend =    many    blanks : here',
  'group = a=b',
  'backup = etc/x',
  'makepkgopt = strip',
  '# a comment',
]

beforeAll(async () => {
  scratch = await makeScratch('likeness-corpus')
  signer = await makeSigner('likeness@example.org')
  const made = await makeCorpus(scratch.path)
  for (const extension of extensions) made.push(...(await makeFullPackage(scratch.path, { extension })))
  const forged = [
    forgePackage({ name: 'forged', version: '1:1-1', files: { 'usr/share/x': 'x' } }, { pkginfo: byHand }),
    forgePackage({ name: 'without-buildinfo', version: '0.1-1.1' }, { without: ['.BUILDINFO', '.MTREE'] }),
  ]
  for (const file of forged) await savePackage(file, scratch.path)
  paths = [...made, ...forged].map(({ filename }) => join(scratch.path, filename))
  for (const path of paths.filter((_, index) => index % 2 === 0)) await signer.sign(path)
})

afterAll(async () => {
  await signer.remove()
  await scratch.remove()
})

/** How real repo-add writes what bsdtar escapes in its listing, and how we do: `pacman -F` compares with real paths. */
const escapedPath = {
  field: 'FILES',
  repoAdd: ['usr/share/with a blank/back\\\\slash'],
  vieter: ['usr/share/with a blank/back\\slash'],
}

const isFull = ({ filename }: Comparison) => filename.startsWith('corpus-full')

test('with all fields on, desc and files are those of repo-add byte for byte', async () => {
  const compared = await compareWithRepoAdd(paths, {
    VIETER_DATABASE_MD5SUM: 'true',
    VIETER_DATABASE_PGPSIG: 'true',
  })
  expect(compared).toHaveLength(5 + extensions.length + 2)
  for (const one of compared) {
    expect(one).toMatchObject({ differences: isFull(one) ? [escapedPath] : [], isIdentical: !isFull(one) })
    expect(one).not.toHaveProperty('refusal')
  }
  expect(compared.find(isFull)).toMatchObject({ fields: 23, files: 33 })
})

test('by default they lack MD5SUM and PGPSIG, and nothing else', async () => {
  for (const one of await compareWithRepoAdd(paths)) {
    const [left, differing] = [new Set<string>(), [] as unknown[]]
    for (const difference of one.differences) {
      if (difference.vieter.length === 0) left.add(difference.field)
      else differing.push(difference)
    }
    const isSigned = paths.findIndex((path) => path.endsWith(`/${one.filename}`)) % 2 === 0
    expect([...left]).toEqual(isSigned ? ['MD5SUM', 'PGPSIG'] : ['MD5SUM'])
    expect(differing).toEqual(isFull(one) ? [escapedPath] : [])
  }
})
