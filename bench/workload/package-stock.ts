import type { PackageKind } from './file-list.ts'
import { makeFileList } from './file-list.ts'
import { createRandom, type Random } from './random.ts'
import { coinName, words } from './words.ts'

/** What a package of the stock says of itself; the fields are those of a .PKGINFO. */
export interface StockPackage {
  readonly name: string
  readonly upstreamVersion: string
  readonly description: string
  readonly url: string
  /** UTC epoch seconds. */
  readonly buildDate: number
  readonly packager: string
  /** Bytes. */
  readonly installedSize: number
  readonly licenses: readonly string[]
  readonly provides: readonly string[]
  readonly depends: readonly string[]
  readonly optdepends: readonly string[]
  readonly makedepends: readonly string[]
  /** How many paths it has, folders included; a few fewer where names repeat. */
  readonly pathCount: number
  /** Makes its file list, the same each time. */
  listFiles(): string[]
}

const seed = 20_261
/** The more often, the likelier: about the shares of Arch's `extra`. */
const kinds: readonly PackageKind[] = [
  ...Array<PackageKind>(7).fill('program'),
  ...Array<PackageKind>(5).fill('library'),
  ...Array<PackageKind>(4).fill('python'),
  ...Array<PackageKind>(2).fill('haskell'),
  ...Array<PackageKind>(2).fill('data'),
]
const prefixes = {
  program: ['', '', '', '', 'gnome-', 'k', 'xfce4-', 'qt6-', 'deepin-'],
  library: ['lib', 'lib', '', '', 'perl-', 'gst-plugin-'],
  python: ['python-'],
  haskell: ['haskell-'],
  data: ['ttf-', 'texlive-', 'aspell-', '', 'otf-'],
} as const satisfies Record<PackageKind, readonly string[]>
const licenses = [
  'GPL-2.0-or-later',
  'GPL-3.0-or-later',
  'MIT',
  'BSD-3-Clause',
  'Apache-2.0',
  'LGPL-2.1-or-later',
]
const hosts = [
  'github.com',
  'github.com',
  'github.com',
  'gitlab.gnome.org',
  'sourceforge.net/projects',
  'invent.kde.org',
]

/**
 * A stock of packages that look like those of Arch's `extra`: names, texts and lists of varied length, and lists of files
 * that are short for most and long for a few. Of 15,000 there are 7.2 million paths, and databases of 50 MB (.files) and
 * 8 MB (.db). Most of the 8 MB of Arch's own are signatures, which don't compress; here the lists of dependencies are
 * longer instead.
 */
export function makeStock(count: number): StockPackage[] {
  const random = createRandom(seed)
  const packagers = Array.from({ length: 80 }, () => inventPackager(random))
  const named = inventNames(random, count)
  const names = named.map(({ name }) => name)
  return named.map(({ name, kind }, index) => {
    const own = createRandom(seed, index)
    const pathCount = drawPathCount(own)
    return {
      ...describe(own, { name, names, packagers }),
      name,
      provides: kind === 'library' ? listSonames(own, name) : [],
      pathCount,
      listFiles: () => makeFileList(createRandom(seed, index, 1), { name, kind, count: pathCount }),
    }
  })
}

function inventNames(random: Random, count: number): { name: string; kind: PackageKind }[] {
  const named = new Map<string, PackageKind>()
  while (named.size < count) {
    const kind = random.pick(kinds)
    const main = random.chance(0.55) ? coinName(random) : random.pick(words)
    const rest = random.chance(0.45) ? `-${random.pick(words)}` : ''
    const name = `${random.pick(prefixes[kind])}${main}${rest}`
    if (!named.has(name)) named.set(name, kind)
  }
  return Array.from(named, ([name, kind]) => ({ name, kind }))
}

/** Log-normal with a median of 57, as real lists are nearly: a tenth has more than 700 paths, one in a hundred 6,000. */
function drawPathCount(random: Random): number {
  return Math.round(Math.min(60_000, Math.max(4, 57 * Math.exp(2.08 * random.normal()))))
}

interface Surroundings {
  readonly name: string
  readonly names: readonly string[]
  readonly packagers: readonly string[]
}

function describe(random: Random, { name, names, packagers }: Surroundings) {
  const organisation = random.chance(0.5) ? coinName(random) : name
  return {
    upstreamVersion: inventVersion(random),
    description: inventSentence(random, 4, 11),
    url: `https://${random.pick(hosts)}/${organisation}/${name}`,
    buildDate: 1_700_000_000 + random.integer(0, 90_000_000),
    packager: random.pick(packagers),
    installedSize: Math.round(200_000 * Math.exp(2 * random.normal())),
    licenses: [random.pick(licenses)],
    depends: ['glibc', ...pickNames(random, names, 25)],
    optdepends: pickNames(random, names, 12).map((other) => `${other}: ${inventSentence(random, 2, 6)}`),
    makedepends: pickNames(random, names, 25),
  }
}

function inventVersion(random: Random): string {
  const parts = Array.from({ length: random.integer(2, 4) }, () => random.integer(0, 30))
  return random.chance(0.05) ? `1:${parts.join('.')}` : parts.join('.')
}

function inventSentence(random: Random, least: number, most: number): string {
  const parts = Array.from({ length: random.integer(least, most) }, () =>
    random.chance(0.25) ? random.pick(['for', 'and', 'of', 'with', 'the', 'to']) : random.pick(words),
  )
  const text = parts.join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function inventPackager(random: Random): string {
  const [first, last] = [coinName(random), coinName(random)].map(
    (name) => name.charAt(0).toUpperCase() + name.slice(1),
  )
  return `${first} ${last} <${last?.toLowerCase()}@example.org>`
}

/** A few packages stand in many lists, most in hardly any. */
function pickNames(random: Random, names: readonly string[], most: number): string[] {
  const picked = Array.from({ length: random.integer(0, most) }, () => {
    const name = names[Math.floor(random.fraction() ** 2.5 * names.length)] as string
    return random.chance(0.2) ? `${name}>=${inventVersion(random)}` : name
  })
  return [...new Set(picked)]
}

function listSonames(random: Random, name: string): string[] {
  return Array.from(
    { length: random.integer(1, 4) },
    (_, index) => `${name}${index === 0 ? '' : `-${random.pick(words)}`}.so=${random.integer(0, 40)}-64`,
  )
}
