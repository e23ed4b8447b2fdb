import type { BlobStore } from '../blobs/blob-store.ts'
import { type BlobFile, compareBlobs, type StoredBlob } from '../domain/compare-blobs.ts'
import type { Finding, OnProgress } from '../domain/finding.ts'
import type { Snapshots } from '../store/snapshots.ts'
import { findStoredBlobs } from '../store/stored-blobs.ts'
import { hashBlob } from './hash-blob.ts'

interface Parts {
  snapshots: Snapshots
  blobs: Pick<BlobStore, 'list' | 'open'>
  /** UTC epoch seconds. */
  clock: () => number
  /** Whether a server uses the data: it publishes and deletes while this looks. */
  isInUse: () => boolean
}

interface CheckOptions {
  /** Sizes and existence alone; nothing is read. */
  fast: boolean
  onProgress: OnProgress
}

/** How long a publish may take from its blob to its row, in seconds; a younger blob of a running server is no finding. */
const publishTime = 300

/**
 * Compares the rows of packages with their blobs. What seems wrong is looked at again with fresh rows: a server may have
 * published or deleted it meanwhile.
 */
export async function checkPackages(parts: Parts, { fast, onProgress }: CheckOptions): Promise<Finding[]> {
  const rows = await parts.snapshots((store) => findStoredBlobs(store))
  const files = await parts.blobs.list()
  const { missing, resized, unknown } = compareBlobs(rows, files)
  const findings: Finding[] = [
    ...missing.map((blob) => missingFinding(blob)),
    ...resized.map((blob) => damagedFinding(blob, `the file has not the ${blob.size} bytes that it should`)),
    ...unknown.flatMap((file) => (isBeingPublished(parts, file) ? [] : unknownFinding(file))),
  ]
  if (!fast) {
    const wrong = new Set([...missing, ...resized])
    const whole = rows.filter((row) => !wrong.has(row))
    findings.push(...(await hashBlobs(parts, whole, onProgress)))
  }
  return confirm(parts, findings)
}

function isBeingPublished({ isInUse, clock }: Parts, { writtenAt }: BlobFile): boolean {
  return writtenAt > clock() - publishTime && isInUse()
}

async function hashBlobs(
  { blobs }: Parts,
  rows: readonly StoredBlob[],
  onProgress: OnProgress,
): Promise<Finding[]> {
  const findings: Finding[] = []
  const total = rows.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  for (const row of rows) {
    onProgress('reading packages', done, total)
    const sha256 = await tryToHash(blobs, row.key)
    if (sha256 === undefined) findings.push(missingFinding(row))
    else if (sha256 !== row.sha256) findings.push(damagedFinding(row, `the file’s sha256 is ${sha256}`))
    done += row.size
  }
  onProgress('reading packages', done, total)
  return findings
}

/** Lower-case hex; undefined when there is no such blob; what the disk says when it cannot be read. */
async function tryToHash(blobs: Parts['blobs'], key: string): Promise<string | undefined> {
  try {
    return await hashBlob(() => blobs.open(key))
  } catch (fault) {
    return `unknown: ${fault instanceof Error ? fault.message : fault}`
  }
}

/** Those of the findings that hold against fresh rows and files. */
async function confirm({ snapshots, blobs }: Parts, findings: readonly Finding[]): Promise<Finding[]> {
  if (findings.length === 0) return []
  const rows = new Set((await snapshots((store) => findStoredBlobs(store))).map(({ key }) => key))
  const files = new Set((await blobs.list()).map(({ key }) => key))
  return findings.filter((finding) => {
    if (finding.kind === 'unknown-blob') return files.has(finding.key) && !rows.has(finding.key)
    if (finding.kind === 'missing-blob') return rows.has(finding.blob.key) && !files.has(finding.blob.key)
    return finding.kind === 'damaged-blob' && rows.has(finding.blob.key)
  })
}

function missingFinding(blob: StoredBlob): Finding {
  return { kind: 'missing-blob', where: whereIs(blob), what: 'the file is missing', repairable: true, blob }
}

function damagedFinding(blob: StoredBlob, what: string): Finding {
  return { kind: 'damaged-blob', where: whereIs(blob), what, repairable: true, blob }
}

function unknownFinding({ key, size }: BlobFile): Finding {
  const what = `a file of ${size} bytes that no row speaks of`
  return { kind: 'unknown-blob', where: key, what, repairable: true, key }
}

function whereIs({ repository, filename, key }: StoredBlob): string {
  return `${repository} ${filename} (${key})`
}
