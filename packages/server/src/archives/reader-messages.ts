import type { ArchiveFacts, PackageHead, ReadOptions } from './archive-facts.ts'
import type { PackedFault } from './packed-fault.ts'

/** What a reader thread is told; `id` is that of one reading, never used again. */
export type ToReader =
  | { kind: 'open'; id: number; options: ReadOptions }
  | { kind: 'open-head'; id: number }
  /** The next bytes, in shared memory: not to be changed before they are taken. */
  | { kind: 'bytes'; id: number; bytes: Uint8Array }
  | { kind: 'end'; id: number }
  | { kind: 'abort'; id: number }
  | { kind: 'reserved'; id: number }

/** What it answers. Facts, head and fault are the last word on a reading. */
export type FromReader =
  /** The oldest bytes that were not taken yet are needed no more. */
  | { kind: 'taken'; id: number }
  /** Memory for a decoder is wanted, in place of what was reserved before. */
  | { kind: 'reserve'; id: number; bytes: number }
  | { kind: 'facts'; id: number; facts: ArchiveFacts }
  | { kind: 'head'; id: number; head: PackageHead }
  | { kind: 'fault'; id: number; fault: PackedFault }
