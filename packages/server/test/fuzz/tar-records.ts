import { tarEnd } from '@vieter/alpm'

/** A header block of a tar archive and the body that follows it. A mutable copy: mutations write into it. */
export interface TarRecord {
  readonly header: Buffer
  readonly body: Buffer
}

const blockSize = 512

/** A whole tar → its records; extension headers are records of their own. For archives that bsdtar wrote. */
export function splitTar(tar: Buffer): TarRecord[] {
  const records: TarRecord[] = []
  for (let at = 0; tar[at] !== 0; ) {
    const header = Buffer.from(tar.subarray(at, at + blockSize))
    const size = Number.parseInt(header.toString('latin1', 124, 135), 8)
    records.push({ header, body: Buffer.from(tar.subarray(at + blockSize, at + blockSize + size)) })
    at += blockSize * (1 + Math.ceil(size / blockSize))
  }
  return records
}

export function joinTar(records: readonly TarRecord[]): Buffer {
  const parts = records.flatMap(({ header, body }) => [
    header,
    body,
    Buffer.alloc(-body.length & (blockSize - 1)),
  ])
  return Buffer.concat([...parts, tarEnd()])
}

export function nameOf({ header }: TarRecord): string {
  return header.toString('utf8', 0, Math.min(100, header.indexOf(0)))
}

/** The record with another body, and its header made to fit. */
export function withBody({ header, body: _ }: TarRecord, body: Buffer): TarRecord {
  const changed = Buffer.from(header)
  changed.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1')
  return { header: mend(changed), body }
}

/** A record that says something of the next one: a pax header, a long name of GNU. */
export function extension(typeflag: string, body: Buffer): TarRecord {
  const header = Buffer.alloc(blockSize)
  header.write('extension', 0)
  header.write('0000644\x000000000\x000000000\0', 100)
  header.write('00000000000\0', 136)
  header.write(typeflag, 156)
  header.write('ustar\x0000', 257)
  return withBody({ header, body }, body)
}

/** Makes the checksum right, so that the reader sees what else is wrong. */
export function mend(header: Buffer): Buffer {
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return header
}
