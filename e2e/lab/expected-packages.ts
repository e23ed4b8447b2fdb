import type { PackageFile } from './forge.ts'

/** A change of a repository, as a client asks for it. */
export type Operation =
  | { readonly kind: 'publish'; readonly repository: string; readonly file: PackageFile }
  | {
      readonly kind: 'remove-package'
      readonly repository: string
      readonly arch: string
      readonly name: string
    }
  | { readonly kind: 'remove-arch-repo'; readonly repository: string; readonly arch: string }
  | { readonly kind: 'remove-repository'; readonly repository: string }

/** A file as a database lists it. */
export type ListedFile = Pick<PackageFile, 'filename' | 'sha256'>

/** By `REPOSITORY/ARCH/NAME`: the package that stands there. */
export type Packages = ReadonlyMap<string, PackageFile>

/** What an operation makes of the places that it touches; undefined: nothing stands there any more. */
export type Effect = ReadonlyMap<string, PackageFile | undefined>

/** The arch-repo that packages of arch `any` go to in any case: the server's default. */
const defaultArch = 'x86_64'

/**
 * What an operation does, by the rules that README.md gives: a package of arch `any` goes to every arch-repo and leaves
 * all of them, a new arch-repo begins with all packages of arch `any`. An arch-repo is taken to exist while a package is in it.
 */
export function effectOf(packages: Packages, operation: Operation): Effect {
  if (operation.kind === 'publish') return effectOfPublish(packages, operation.repository, operation.file)
  const prefix = `${operation.repository}/`
  if (operation.kind === 'remove-package')
    return effectOfRemoval(packages, `${prefix}${operation.arch}/${operation.name}`)
  const removed = operation.kind === 'remove-repository' ? prefix : `${prefix}${operation.arch}/`
  const places = [...packages.keys()].filter((place) => place.startsWith(removed))
  return new Map(places.map((place) => [place, undefined]))
}

function effectOfPublish(packages: Packages, repository: string, file: PackageFile): Effect {
  const inRepository = [...packages].filter(([place]) => place.startsWith(`${repository}/`))
  const archs = new Set(inRepository.map(([place]) => place.split('/')[1] as string))
  const effect = new Map<string, PackageFile>()
  if (file.arch !== 'any' && !archs.has(file.arch)) {
    for (const [, other] of inRepository)
      if (other.arch === 'any') effect.set(`${repository}/${file.arch}/${other.name}`, other)
  }
  const goesTo = file.arch === 'any' ? archs.add(defaultArch) : [file.arch]
  for (const arch of goesTo) effect.set(`${repository}/${arch}/${file.name}`, file)
  return effect
}

function effectOfRemoval(packages: Packages, place: string): Effect {
  const file = packages.get(place)
  const [repository] = place.split('/')
  const places = [...packages].filter(
    ([other, { arch, name }]) =>
      file?.arch === 'any' && arch === 'any' && name === file.name && other.startsWith(`${repository}/`),
  )
  return new Map([[place, undefined], ...places.map(([other]) => [other, undefined] as const)])
}

export function applyEffect(packages: Packages, effect: Effect): Packages {
  const after = new Map(packages)
  for (const [place, file] of effect) {
    if (file === undefined) after.delete(place)
    else after.set(place, file)
  }
  return after
}

/** An operation that nobody answered. */
export interface UnansweredOperation {
  readonly operation: Operation
  readonly effect: Effect
}

/**
 * Whether an operation that nobody answered was done, by what is seen afterwards: all of it or nothing must be.
 * Throws for a half one. One that changes nothing counts as done.
 */
export function wasDone(
  packages: Packages,
  { operation, effect }: UnansweredOperation,
  seen: ReadonlyMap<string, ListedFile>,
): boolean {
  const places = [...effect.keys()]
  if (places.every((place) => seen.get(place)?.sha256 === effect.get(place)?.sha256)) return true
  if (places.every((place) => seen.get(place)?.sha256 === packages.get(place)?.sha256)) return false
  const lines = places.map((place) => {
    const [before, after] = [packages.get(place), effect.get(place)]
    return `${place}: ${describe(before)} was to become ${describe(after)}; seen: ${describe(seen.get(place))}`
  })
  throw new Error(`An operation was done by half: ${operation.kind}\n${lines.join('\n')}`)
}

/** In words, what is seen and not expected, or expected and not seen; empty when all is as it should be. */
export function differences(expected: Packages, seen: ReadonlyMap<string, ListedFile>): string[] {
  const places = [...new Set([...expected.keys(), ...seen.keys()])].sort()
  return places.flatMap((place) => {
    const [wanted, found] = [expected.get(place), seen.get(place)]
    if (wanted?.filename === found?.filename && wanted?.sha256 === found?.sha256) return []
    return [`${place}: expected ${describe(wanted)}, seen ${describe(found)}`]
  })
}

function describe(file: ListedFile | undefined): string {
  return file === undefined ? 'nothing' : `${file.filename} (${file.sha256.slice(0, 8)})`
}
