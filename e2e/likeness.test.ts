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

/** As much as pacman needs. */
const bare = 'pkgname = bare\npkgver = 1-1\narch = any\n'

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
    forgePackage(
      { name: 'bare', version: '1-1' },
      { without: ['.PKGINFO'], members: [{ name: '.PKGINFO', content: bare }] },
    ),
  ]
  for (const file of forged) await savePackage(file, scratch.path)
  paths = [...made, ...forged].map(({ filename }) => join(scratch.path, filename))
  for (const path of paths.filter((_, index) => index % 2 === 0)) await signer.sign(path)
})

afterAll(async () => {
  await signer.remove()
  await scratch.remove()
})

/** Where an entry differs on purpose; docs/reference/likeness.md tells why. */
function deviationsOf({ filename }: Comparison): unknown[] {
  if (filename.startsWith('bare-')) {
    return [
      { field: 'BASE', repoAdd: [], vieter: ['bare'] },
      { field: 'ISIZE', repoAdd: [], vieter: ['0'] },
      { field: 'BUILDDATE', repoAdd: [], vieter: ['0'] },
    ]
  }
  if (!filename.startsWith('corpus-full-')) return []
  const [escaped, real] = ['usr/share/with a blank/back\\\\slash', 'usr/share/with a blank/back\\slash']
  return [{ field: 'FILES', repoAdd: [escaped], vieter: [real] }]
}

test('with all fields on, desc and files are those of repo-add, byte for byte', async () => {
  const compared = await compareWithRepoAdd(paths, {
    VIETER_DATABASE_MD5SUM: 'true',
    VIETER_DATABASE_PGPSIG: 'true',
  })
  expect(compared).toHaveLength(5 + endings.length + 3)
  for (const one of compared) {
    const differences = deviationsOf(one)
    expect(one).toMatchObject({ differences, isIdentical: differences.length === 0 })
    expect(one).not.toHaveProperty('refusal')
  }
  expect(compared[0]).toMatchObject({ fields: 24, files: 36 })
})

test('by default they lack MD5SUM and PGPSIG, and nothing else', async () => {
  for (const [index, one] of (await compareWithRepoAdd(paths)).entries()) {
    const left = one.differences.filter(({ vieter }) => vieter.length === 0).map(({ field }) => field)
    expect(left).toEqual(index % 2 === 0 ? ['MD5SUM', 'PGPSIG'] : ['MD5SUM'])
    expect(one.differences.filter(({ vieter }) => vieter.length > 0)).toEqual(deviationsOf(one))
  }
})
