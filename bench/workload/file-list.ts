import type { Random } from './random.ts'
import { coinName, words } from './words.ts'

/** What a package is, which tells where its files lie and how they are named. */
export type PackageKind = keyof typeof layouts

interface Layout {
  /** Files that every package of the kind has; NAME is the package's. */
  readonly always: readonly string[]
  /** Folders that the others lie in, with all the endings that each of their names has. */
  readonly trees: readonly Tree[]
}

interface Tree {
  readonly folder: string
  readonly separator: string
  readonly endings: readonly (readonly string[])[]
}

const documentation: Tree = {
  folder: 'usr/share/doc/NAME/html',
  separator: '-',
  endings: [['.html'], ['.png']],
}
const pictures: readonly (readonly string[])[] = [['.svg'], ['.png'], ['.svg', '-symbolic.svg']]
const modules: readonly (readonly string[])[] = [
  ['.py', '.cpython-313.pyc', '.cpython-313.opt-1.pyc'],
  ['.pyi'],
  ['.json'],
]

const layouts = {
  program: {
    always: ['usr/bin/NAME', 'usr/share/applications/NAME.desktop', 'usr/share/man/man1/NAME.1.gz'],
    trees: [
      { folder: 'usr/share/NAME', separator: '-', endings: [['.xml'], ['.js'], ['.css'], ['.qml', '.qmlc']] },
      { folder: 'usr/lib/NAME', separator: '', endings: [['.so'], ['.js', '.js.map']] },
      { folder: 'usr/share/icons/hicolor', separator: '-', endings: pictures },
      documentation,
    ],
  },
  library: {
    always: ['usr/lib/NAME.so', 'usr/lib/NAME.so.1', 'usr/lib/pkgconfig/NAME.pc'],
    trees: [
      { folder: 'usr/include/NAME', separator: '_', endings: [['.h'], ['.hpp'], ['.h', '_impl.h']] },
      { folder: 'usr/share/man/man3', separator: '_', endings: [['.3.gz']] },
      documentation,
    ],
  },
  python: {
    always: ['usr/lib/python3.13/site-packages/NAME-1.dist-info/METADATA'],
    trees: [{ folder: 'usr/lib/python3.13/site-packages/NAME', separator: '_', endings: modules }],
  },
  haskell: {
    always: ['usr/lib/ghc-9.4.8/package.conf.d/NAME.conf'],
    trees: [
      { folder: 'usr/lib/ghc-9.4.8/site-local/NAME', separator: '', endings: [['.hi', '.dyn_hi', '.p_hi']] },
      documentation,
    ],
  },
  data: {
    always: ['usr/share/NAME/index.theme'],
    trees: [
      { folder: 'usr/share/icons/NAME', separator: '-', endings: pictures },
      {
        folder: 'usr/share/texmf-dist/tex/latex/NAME',
        separator: '',
        endings: [['.sty'], ['.def'], ['.cls']],
      },
    ],
  },
} as const satisfies Record<string, Layout>

/** The longest path: what fits into a ustar header without more ado. 0.6 % of real paths are longer. */
const maxLength = 100
const longestFolder = 56

/**
 * The paths that a package installs, sorted bytewise as makepkg puts them into an archive, directories with a slash at
 * the end: about `count` of them.
 */
export function makeFileList(
  random: Random,
  { name, kind, count }: { name: string; kind: PackageKind; count: number },
): string[] {
  const layout: Layout = layouts[kind]
  const paths = new Set<string>()
  for (const path of [...layout.always, 'usr/share/licenses/NAME/LICENSE']) {
    if (paths.size < count) addPath(paths, path.replaceAll('NAME', name))
  }
  const folders = layout.trees.map((tree) => ({ ...tree, folder: tree.folder.replaceAll('NAME', name) }))
  for (let tries = 0; paths.size < count && tries < count * 4; tries++) {
    const { folder, separator, endings } = random.chance(0.2)
      ? growFolder(random, folders)
      : random.pick(folders)
    const file = `${folder}/${nameFile(random, separator)}`
    for (const ending of random.pick(endings)) addPath(paths, file + ending)
  }
  return [...paths].sort()
}

/** A new folder inside of one that is there, with files of the same sort. */
function growFolder(random: Random, folders: Tree[]): Tree {
  const parent = random.pick(folders)
  const folder = `${parent.folder}/${random.chance(0.8) ? random.pick(words) : coinName(random)}`
  if (folder.length > longestFolder) return parent
  const grown = { ...parent, folder }
  folders.push(grown)
  return grown
}

function nameFile(random: Random, separator: string): string {
  const parts = Array.from({ length: random.integer(1, 2) }, () => random.pick(words))
  if (random.chance(0.06)) parts.push(coinName(random))
  return parts.join(separator)
}

/** Adds a file with all folders that it lies in. */
function addPath(paths: Set<string>, path: string): void {
  if (path.length > maxLength) return
  addFolders(paths, path.slice(0, path.lastIndexOf('/') + 1))
  paths.add(path)
}

function addFolders(paths: Set<string>, folder: string): void {
  if (folder === '' || paths.has(folder)) return
  addFolders(paths, folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1))
  paths.add(folder)
}
