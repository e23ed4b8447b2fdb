import type { StoredBlob } from './compare-blobs.ts'

/** Something in the data that is not as it should be. */
export type Finding = FindingText &
  (
    | { kind: 'store' }
    /** An entry that no database can hold. */
    | { kind: 'entry'; archRepoId: number; name: string }
    /** A package that no database holds, and whose grace period never began. */
    | { kind: 'package'; packageId: number }
    | { kind: 'missing-blob' | 'damaged-blob'; blob: StoredBlob }
    | { kind: 'unknown-blob'; key: string }
    | { kind: 'database'; repository: string; arch: string }
  )

interface FindingText {
  /** A repository and what is in it, or a path in the data folder. */
  where: string
  /** What is wrong, as a sentence without its full stop. */
  what: string
  /** Whether `vieter check --repair` can do something about it. */
  repairable: boolean
}

/** Told now and then while something long runs: what is being done, and how much of it is done. */
export type OnProgress = (step: string, done: number, total: number) => void
