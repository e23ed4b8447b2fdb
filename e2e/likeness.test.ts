import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeCorpus } from './lab/corpus.ts'
import { forgePackage, savePackage } from './lab/forge.ts'
import { type Comparison, compareWithRepoAdd } from './lab/likeness.ts'
import { makePackage } from './lab/packages.ts'
import { makeScratch, type Scratch } from './lab/scratch.ts'
import { makeSigner, type Signer } from './lab/signer.ts'

/*
 * What our databases say of a package is what real repo-add writes, but for what differs on purpose.
 */
let scratch: Scratch
let signer: Signer
let paths: string[]

/** What makepkg writes besides zstd, of which the corpus is. */
const endings = ['', '.gz', '.xz', '.bz2', '.lz4', '.lzo', '.lz', '.Z']

/** Fields that no makepkg 6 writes, and some as a person writes them. */
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
  for (const [index, ending] of endings.entries()) {
    const spec = { name: `compressed-${index}`, version: '1-1', files: { 'usr/share/one': 'one' } }
    made.push(await makePackage(spec, scratch.path, { extension: `.pkg.tar${ending}` }))
  }
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

/** repo-add takes paths from bsdtar's listing, with its escapes; we write what `pacman -F` compares with: the path. */
const escapedPath = {
  field: 'FILES',
  repoAdd: ['usr/share/with a blank/back\\\\slash'],
  vieter: ['usr/share/with a blank/back\\slash'],
}

const isFull = ({ filename }: Comparison) => filename.startsWith('corpus-full')

test('with all fields on, desc and files are those of repo-add, byte for byte', async () => {
  const compared = await compareWithRepoAdd(paths, {
    VIETER_DATABASE_MD5SUM: 'true',
    VIETER_DATABASE_PGPSIG: 'true',
  })
  expect(compared).toHaveLength(5 + endings.length + 2)
  for (const one of compared) {
    expect(one).toMatchObject({ differences: isFull(one) ? [escapedPath] : [], isIdentical: !isFull(one) })
    expect(one).not.toHaveProperty('refusal')
  }
  expect(compared.find(isFull)).toMatchObject({ fields: 24, files: 36 })
})

test('by default they lack MD5SUM and PGPSIG, and nothing else', async () => {
  for (const [index, one] of (await compareWithRepoAdd(paths)).entries()) {
    const left = one.differences.filter(({ vieter }) => vieter.length === 0).map(({ field }) => field)
    expect(left).toEqual(index % 2 === 0 ? ['MD5SUM', 'PGPSIG'] : ['MD5SUM'])
    expect(one.differences.filter(({ vieter }) => vieter.length > 0)).toEqual(
      isFull(one) ? [escapedPath] : [],
    )
  }
})
