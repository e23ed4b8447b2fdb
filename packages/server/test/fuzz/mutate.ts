import type { Random } from '../../../../e2e/lab/random.ts'
import { extension, joinTar, mend, nameOf, splitTar, type TarRecord, withBody } from './tar-records.ts'

type Mutation = (bytes: Buffer, random: Random) => Buffer

/** Any bytes, damaged as transfers, disks and clumsy attackers do. */
const byteMutations: Readonly<Record<string, Mutation>> = {
  flipBits(bytes, random) {
    const changed = Buffer.from(bytes)
    for (let count = 1 + random.below(4); count > 0; count--) {
      const at = random.below(changed.length)
      changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
    }
    return changed
  },
  setByte(bytes, random) {
    const changed = Buffer.from(bytes)
    changed[random.below(changed.length)] = random.pick([0, 1, 0x0a, 0x20, 0x2f, 0x7f, 0x80, 0xff])
    return changed
  },
  truncate: (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  cutOut: (bytes, random) => splice(bytes, random, Buffer.alloc(0), random.pick([1, 8, 512, 1024])),
  putIn: (bytes, random) => splice(bytes, random, random.bytes(random.pick([1, 8, 512])), 0),
  zeroOut: (bytes, random) => splice(bytes, random, Buffer.alloc(random.pick([1, 16, 512])), 512),
  repeatPart(bytes, random) {
    const at = random.below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at - Math.min(at, 512))])
  },
  appendGarbage: (bytes, random) => Buffer.concat([bytes, random.bytes(1 + random.below(600))]),
  appendZeros: (bytes, random) => Buffer.concat([bytes, Buffer.alloc(1 + random.below(2000))]),
  appendItself: (bytes) => Buffer.concat([bytes, bytes]),
  startWith: (bytes, random) =>
    Buffer.concat([random.pick(magics), bytes.subarray(random.pick([0, 2, 4, 6, 512]))]),
}

/** First bytes of what packages can be compressed with, and of a skippable frame. */
const magics = [
  '28b52ffd',
  'fd377a585a00',
  '1f8b0800',
  '425a6839',
  '04224d18',
  '4c5a4950',
  '894c5a4f000d0a1a0a',
  '1f9d90',
  '502a4d1804000000',
].map((hex) => Buffer.from(hex, 'hex'))

function splice(bytes: Buffer, random: Random, added: Buffer, removed: number): Buffer {
  const at = random.below(bytes.length)
  return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at + removed)])
}

/** A tar, taken apart and put together wrongly. Most headers keep a right checksum. */
const tarMutations: Readonly<Record<string, Mutation>> = {
  headerField: onRecord(({ header, body }, random) => {
    const [at, length] = random.pick(headerFields)
    const value = Buffer.from(random.pick(headerValues), 'latin1').subarray(0, length)
    header.fill(0, at, at + length)
    value.copy(header, at)
    return [{ header: maybeMend(header, random), body }]
  }),
  headerBits: onRecord(({ header, body }, random) => [
    { header: maybeMend(byteMutations.flipBits?.(header, random) ?? header, random), body },
  ]),
  typeflag: onRecord(({ header, body }, random) => {
    header.write(random.pick([...'\x00012345678gxLKSDVMNAZ']), 156, 'latin1')
    return [{ header: maybeMend(header, random), body }]
  }),
  deleteRecord: onRecord(() => []),
  doubleRecord: onRecord((record) => [record, record]),
  emptyBody: onRecord((record) => [withBody(record, Buffer.alloc(0))]),
  largerBody: onRecord((record, random) => [
    withBody(record, Buffer.concat([record.body, random.bytes(700)])),
  ]),
  paxBefore: onRecord((record, random) => [
    extension(random.pick(['x', 'x', 'g']), paxRecords(random)),
    record,
  ]),
  gnuBefore: onRecord((record, random) => [
    extension(random.pick(['L', 'K', 'L', 'X']), Buffer.from(random.pick(texts), 'latin1')),
    record,
  ]),
  moveRecord(tar, random) {
    const records = splitTar(tar)
    const [moved] = records.splice(random.below(records.length), 1)
    if (moved) records.splice(random.below(records.length + 1), 0, moved)
    return joinTar(records)
  },
  endInTheMiddle(tar, random) {
    const at = 512 * random.below(tar.length / 512)
    return Buffer.concat([tar.subarray(0, at), Buffer.alloc(random.pick([512, 1024])), tar.subarray(at)])
  },
  withoutEnd: (tar, random) => tar.subarray(0, tar.length - random.pick([512, 1024, 10_240])),
}

function onRecord(change: (record: TarRecord, random: Random) => readonly TarRecord[]): Mutation {
  return (tar, random) => {
    const records = splitTar(tar)
    const at = random.below(records.length)
    const record = records[at]
    return joinTar(records.flatMap((one) => (one === record ? change(one, random) : [one])))
  }
}

function maybeMend(header: Buffer, random: Random): Buffer {
  return random.percent(90) ? mend(header) : header
}

/** Place and length of name, mode, uid, gid, size, mtime, checksum, link, magic, version, owner, device, prefix. */
const headerFields = [
  [0, 100],
  [100, 8],
  [108, 8],
  [116, 8],
  [124, 12],
  [124, 12],
  [136, 12],
  [148, 8],
  [157, 100],
  [257, 6],
  [263, 2],
  [265, 32],
  [329, 8],
  [345, 155],
] as const

/** Paths and texts that readers have fallen for; as bytes, one a character. */
const texts = [
  ...[
    '',
    '.',
    '..',
    '/',
    './',
    '../x',
    '/etc/passwd',
    'usr/../../x',
    'usr//x',
    'usr/',
    './.PKGINFO',
    '.PKGINFO',
  ],
  ...[
    '.PKGINFO/',
    '.BUILDINFO',
    '.MTREE',
    '.INSTALL',
    '.hidden',
    'usr/bin/hello',
    'a\nb',
    '%FILES%',
    'a\n%NAME%\nb',
  ],
  ...[
    'a\tb',
    'a\rb',
    '\x1b[2J',
    'a\\b',
    'x'.repeat(300),
    `${'d/'.repeat(2500)}x`,
    '\xff\xfe',
    '\xc3\xa9',
    '\xc3',
    '\xed\xa0\x80',
  ],
  ...[
    '\xe2\x80\xae',
    '\xc0\xae\xc0\xae/x',
    ' ',
    'a ',
    '-rf',
    'a\0b',
    'C:\\x',
    'usr/share/..',
    '\xef\xbb\xbf.PKGINFO',
  ],
]

const headerValues = [
  ...texts,
  ...[
    '0',
    '7777777',
    '77777777777',
    '777777777777',
    '00000001000',
    '-1',
    '0x10',
    '8',
    '1 2',
    '        ',
    '\x80\0\0\0\0\0\0\0\0\0\x10\0',
  ],
  ...[
    '\xff\xff\xff\xff\xff\xff\xff\xff',
    '\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
    'ustar  ',
    'ustar\0',
    'ustar\x0099',
    'tar\0',
  ],
]

function paxRecords(random: Random): Buffer {
  const records = Array.from({ length: 1 + random.below(3) }, () => {
    const key = random.pick([
      'path',
      'path',
      'linkpath',
      'size',
      'mtime',
      'uid',
      'hdrcharset',
      'uname',
      'comment',
      'GNU.sparse.name',
      'GNU.sparse.major',
      'GNU.sparse.realsize',
      'SCHILY.xattr.user.x',
      'LIBARCHIVE.creationtime',
      'size=',
      '',
    ])
    const value = random.pick([
      ...texts,
      '0',
      '5',
      '99999999999',
      '-1',
      '1e3',
      'BINARY',
      'ISO-IR 10646 2000 UTF-8',
      '1.5',
    ])
    const rest = ` ${key}=${value}\n`
    const length = rest.length + String(rest.length + 3).length + random.pick([0, 0, 0, 0, 0, 0, 1, -1, 9])
    return `${length}${rest}`
  })
  return Buffer.from(random.percent(90) ? records.join('') : records.join('').replace(/^\d+/, ''), 'latin1')
}

/** The text of a metadata file, line by line. */
const lineMutations: Readonly<Record<string, (lines: string[], at: number, random: Random) => void>> = {
  drop: (lines, at) => void lines.splice(at, 1),
  double: (lines, at) => void lines.splice(at, 0, lines[at] ?? ''),
  move: (lines, at, random) => void lines.splice(random.below(lines.length), 0, ...lines.splice(at, 1)),
  value(lines, at, random) {
    lines[at] = `${(lines[at] ?? '').split('=')[0]}= ${random.pick(values)}`
  },
  key(lines, at, random) {
    lines[at] = `${random.pick(keys)} =${(lines[at] ?? '').split('=')[1] ?? ''}`
  },
  add: (lines, at, random) => void lines.splice(at, 0, `${random.pick(keys)} = ${random.pick(values)}`),
  many(lines, at, random) {
    const count = random.pick([100, 11_000, 60_000])
    lines[at] = `${random.pick(keys)} = x\n`.repeat(count)
  },
  bytes(lines, at, random) {
    const line = lines[at] ?? ''
    const place = random.below(line.length + 1)
    lines[at] =
      `${line.slice(0, place)}${random.pick(['\0', '\r', '\x1b', '\x7f', '\xff', '\xc3', '=', '#', '%', '\n', '\t', '\v', '\xc2\x85', '\xe2\x80\xa8'])}${line.slice(place)}`
  },
}

const keys = [
  'pkgname',
  'pkgbase',
  'pkgver',
  'pkgdesc',
  'arch',
  'size',
  'depend',
  'license',
  'builddate',
  'xdata',
  'format',
  'installed',
  'pkgarch',
  '__proto__',
  'constructor',
  ' ',
  '%NAME%',
]

const values = [
  ...texts,
  ...[
    '%NAME%',
    '%DEPENDS%',
    'x\n%NAME%\nevil\n',
    '1',
    '1-1',
    '1:1-1',
    ':1-1',
    '1-1-1',
    '1.0',
    'any',
    'x86_64',
    'i686',
  ],
  ...[
    '99999999999999999999',
    '-5',
    '1e9',
    '0x1',
    'y'.repeat(20_000),
    'z'.repeat(1 << 21),
    'name\x0b%X%',
    'a'.repeat(240),
  ],
]

function mutateMetadata(tar: Buffer, random: Random): Buffer {
  const records = splitTar(tar)
  const metadata = records.filter((record) => nameOf(record).startsWith('.') && record.body.length > 0)
  const target = random.percent(60)
    ? metadata.find((record) => nameOf(record) === '.PKGINFO')
    : random.pick(metadata)
  if (target === undefined) return tar
  const lines = target.body.toString('latin1').split('\n')
  for (let count = 1 + random.below(2); count > 0; count--) {
    random.pick(Object.values(lineMutations))(lines, random.below(lines.length), random)
  }
  const body = Buffer.from(lines.join('\n'), 'latin1')
  return joinTar(records.map((record) => (record === target ? withBody(record, body) : record)))
}

/** Changes a tar in one to three ways: its bytes, its records, its metadata. */
export function mutateTar(tar: Buffer, random: Random): Buffer {
  const kind = random.below(10)
  if (kind < 3) return mutateMetadata(tar, random)
  if (kind < 5) return random.pick(Object.values(byteMutations))(tar, random)
  const first = random.pick(Object.values(tarMutations))(tar, random)
  return kind < 8 ? first : random.pick(Object.values(byteMutations))(first, random)
}

/** Changes bytes whatever they are. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  return random.pick(Object.values(byteMutations))(bytes, random)
}

/** One archive behind, between or instead of parts of another. */
export function spliceTars(tar: Buffer, other: Buffer, random: Random): Buffer {
  const [ours, theirs] = [splitTar(tar), splitTar(other)]
  return random.pick([
    () => Buffer.concat([tar, other]),
    () => joinTar([...ours, ...theirs]),
    () =>
      joinTar([...ours.slice(0, random.below(ours.length)), ...theirs.slice(random.below(theirs.length))]),
    () => Buffer.concat([tar.subarray(0, 512 * random.below(tar.length / 512)), other]),
  ])()
}
