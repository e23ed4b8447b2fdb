import type { BlobFile } from '../domain/compare-blobs.ts'

/** A blob that is being written and that nobody sees yet. */
export interface StagedBlob {
  /** Once this resolves the chunk may be changed. One call at a time. */
  write(chunk: Uint8Array): Promise<void>
  /** Makes the blob durable under its key: when this returns it survives a power loss. */
  commit(): Promise<void>
  /** Forgets the bytes. Harmless after `commit`, and when called twice. */
  discard(): Promise<void>
}

/** A blob open for reading; its bytes stay readable until `close`, even when it is deleted meanwhile. */
export interface OpenBlob {
  /** Bytes. */
  size: number
  /** Reads into `target` from `position`; returns how many bytes were read, 0 at the end. */
  read(target: Uint8Array, position: number): Promise<number>
  close(): Promise<void>
}

/** Where packages are kept: bytes under keys. Keys are made by Vieter, never by strangers: `[a-z0-9/.-]+`. */
export interface BlobStore {
  stage(key: string): Promise<StagedBlob>
  /** Undefined when there is no such blob. */
  open(key: string): Promise<OpenBlob | undefined>
  /** Harmless when there is no such blob. */
  delete(key: string): Promise<void>
  /** All that are committed, in no order. */
  list(): Promise<BlobFile[]>
}
