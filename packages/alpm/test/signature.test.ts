import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { decodeSignature } from '../src/index.ts'
import { refusal, run, temporaryFolder } from './support.ts'

const body = (size: number) => new Uint8Array(size).fill(4)

/** A packet with this header and a body of so many bytes, in base64. */
function packet(header: readonly number[], size: number): string {
  return Buffer.from([...header, ...body(size)]).toString('base64')
}

describe('a signature packet', () => {
  test.each<[string, number[], number]>([
    ['in the old format with a length of one byte', [0x88, 70], 70],
    ['in the old format with a length of two bytes', [0x89, 0x02, 0x33], 0x233],
    ['in the old format with a length of four bytes', [0x8a, 0, 0, 0x02, 0x33], 0x233],
    ['in the new format with a length of one byte', [0xc2, 191], 191],
    ['in the new format with a length of two bytes', [0xc2, 192, 0], 192],
    ['in the new format with the longest length of two bytes', [0xc2, 223, 255], 8383],
    ['in the new format with a length of five bytes', [0xc2, 255, 0, 0, 0x3f, 0xfa], 16_378],
  ])('%s is taken', (_, header, size) => {
    expect(decodeSignature(packet(header, size))).toEqual(Uint8Array.from([...header, ...body(size)]))
  })

  test.each<[string, number[], number, string]>([
    ['of another type, old', [0x99, 0, 9], 9, 'invalid: An OpenPGP packet of type 6 is not a signature.'],
    ['of another type, new', [0xd1, 9], 9, 'invalid: An OpenPGP packet of type 17 is not a signature.'],
    ['that is none', [0x02, 9], 9, 'invalid: The signature is not an OpenPGP packet.'],
    ['without a length', [0x8b], 9, 'invalid: The packet of the signature has no length.'],
    ['in parts', [0xc2, 0xe3], 8, 'invalid: The packet of the signature comes in parts, as only data may.'],
    ['without a body', [0x88, 0], 0, 'truncated: The signature ends before its packet does.'],
    ['that is cut off', [0x88, 70], 69, 'truncated: The signature ends before its packet does.'],
    [
      'of which the length is cut off',
      [0xc2, 255, 0],
      0,
      'truncated: The signature ends before its packet does.',
    ],
    [
      'that others follow',
      [0x88, 70],
      71,
      'trailing-garbage: Other bytes follow the packet of the signature.',
    ],
    ['above 16 KiB', [0x89, 0x3f, 0xfe], 16_382, 'too-large: A signature has 16384 bytes at most.'],
  ])('%s is refused', (_, header, size, expected) => {
    expect(refusal(() => decodeSignature(packet(header, size)))).toBe(expected)
  })
})

test.each([
  ['nothing', '', 'invalid: The signature is not an OpenPGP packet.'],
  ['blanks', 'iAEE BA==', 'invalid: The signature is not base64 in one line.'],
  ['no padding', 'iAEEBA', 'invalid: The signature is not base64 in one line.'],
  ['the alphabet of addresses', 'iAE_', 'invalid: The signature is not base64 in one line.'],
  ['bits left over', 'iAEEBB==', 'invalid: The signature’s base64 has bits left over.'],
  ['two of them', 'iAEE, iAEE', 'invalid: The signature is not base64 in one line.'],
])('base64 with %s is refused', (_, text, expected) => {
  expect(refusal(() => decodeSignature(text))).toBe(expected)
})

test.each(['ed25519', 'rsa2048'])(
  'what gpg makes with an %s key is taken; armored, it is refused',
  (algorithm) => {
    const folder = temporaryFolder()
    const file = join(folder, 'package')
    const gpg = (...options: string[]) =>
      run('gpg', ['--homedir', folder, '--batch', '--quiet', '--passphrase', '', ...options])
    writeFileSync(file, 'package')
    gpg('--quick-generate-key', 'lab@example.org', algorithm, 'sign', 'never')
    const signature = gpg('--detach-sign', '--output', '-', file)
    expect(decodeSignature(signature.toString('base64'))).toEqual(Uint8Array.from(signature))
    const armored = gpg('--detach-sign', '--armor', '--output', '-', file)
    expect(refusal(() => decodeSignature(armored.toString('base64')))).toBe(
      'invalid: The signature is armored text, not the binary one.',
    )
    run('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent'])
  },
)
