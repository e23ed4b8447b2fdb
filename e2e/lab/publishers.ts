import {
  applyEffect,
  type Effect,
  effectOf,
  type Operation,
  type Packages,
  type UnansweredOperation,
} from './expected-packages.ts'
import { forgePackage, type PackageFile } from './forge.ts'
import type { Random } from './random.ts'
import { type Answer, ask } from './repository-client.ts'
import type { VieterServer } from './vieter.ts'

/** What clients know of the server by its answers. */
export interface Ledger {
  /** What stands in the repositories by everything that was acknowledged. */
  packages: Packages
  /** Operations without an answer: nobody can know whether they were done. */
  readonly underWay: Set<UnansweredOperation>
  /** By `REPOSITORY/ARCH/FILENAME`: the hash of each file that was ever acknowledged; it is served for days. */
  readonly served: Map<string, string>
  acknowledged: number
}

/** Somebody who asks for one change after another; names that nobody else touches belong to each. */
export interface Publisher {
  next(packages: Packages): Operation
}

export function makeLedger(): Ledger {
  return { packages: new Map(), underWay: new Set(), served: new Map(), acknowledged: 0 }
}

/** Writes an effect down as done. */
export function recordEffect(ledger: Ledger, effect: Effect): void {
  ledger.packages = applyEffect(ledger.packages, effect)
  for (const [place, file] of effect) {
    const folder = place.slice(0, place.lastIndexOf('/'))
    if (file) ledger.served.set(`${folder}/${file.filename}`, file.sha256)
  }
}

/**
 * Asks for one change and writes down what is known of it then: done when it was acknowledged with 200, else under
 * way, whether it was refused or not answered at all. Returns the answer; undefined when none came.
 */
export async function attempt(
  ledger: Ledger,
  server: Pick<VieterServer, 'address' | 'apiKey'>,
  operation: Operation,
): Promise<Answer | undefined> {
  const change = { operation, effect: effectOf(ledger.packages, operation) }
  ledger.underWay.add(change)
  const answer = await ask(server, operation).catch(() => undefined)
  if (answer?.status === 200) {
    recordEffect(ledger, change.effect)
    ledger.underWay.delete(change)
    ledger.acknowledged += 1
  }
  return answer
}

/**
 * Has a publisher work until the server gives no answer any more. Throws for an answer that isn't 200: nothing that
 * is asked for here may be refused.
 */
export async function workUntilCut(
  ledger: Ledger,
  publisher: Publisher,
  server: VieterServer,
): Promise<void> {
  for (;;) {
    const operation = publisher.next(ledger.packages)
    const answer = await attempt(ledger, server, operation)
    if (!answer) return
    if (answer.status !== 200)
      throw new Error(`${operation.kind} was answered with ${answer.status}: ${answer.text}`)
  }
}

const archs = ['any', 'x86_64', 'aarch64'] as const
const namesOfEach = 8

/** Publishes new versions, replaces files, publishes files again, and removes packages, all of its own few names. */
export function makePublisher(random: Random, repository: string, id: number): Publisher {
  const names = Array.from({ length: namesOfEach }, (_, number) => `p${id}-${number}`)
  let version = 0
  const publish = (file: PackageFile): Operation => ({ kind: 'publish', repository, file })
  return {
    next(packages) {
      const name = random.pick(names)
      const present = [...packages].filter(([place]) => {
        const [where, , what] = place.split('/')
        return where === repository && what === name
      })
      version += 1
      if (present.length === 0 || random.percent(55))
        return publish(forge(random, { name, version: `${version}-1`, arch: random.pick(archs) }))
      const [place, file] = random.pick(present)
      if (random.percent(40))
        return { kind: 'remove-package', repository, arch: place.split('/')[1] as string, name }
      return publish(random.percent(70) ? forge(random, file) : file)
    },
  }
}

/** Makes a repository, fills it, and removes it or one of its architectures, again and again. Nobody else touches it. */
export function makeRepositoryMaker(random: Random, repository: string): Publisher {
  let version = 0
  return {
    next(packages) {
      version += 1
      const isThere = [...packages.keys()].some((place) => place.startsWith(`${repository}/aarch64/`))
      if (isThere && random.percent(30)) {
        return random.percent(50)
          ? { kind: 'remove-repository', repository }
          : { kind: 'remove-arch-repo', repository, arch: 'aarch64' }
      }
      const [name, arch] = random.pick([
        ['all-1', 'any'],
        ['all-2', 'any'],
        ['some-1', 'x86_64'],
        ['some-2', 'aarch64'],
      ] as const)
      return {
        kind: 'publish',
        repository,
        file: forge(random, { name, version: `${version}-1`, arch }),
      }
    },
  }
}

/** Most packages are small; some take many writes. */
function forge(random: Random, spec: { name: string; version: string; arch: string }): PackageFile {
  const size = random.percent(3) ? 600_000 : random.percent(20) ? 60_000 : 500
  const { name, version, arch } = spec
  return forgePackage({ name, version, arch, files: { [`usr/share/${name}`]: random.bytes(size) } })
}
