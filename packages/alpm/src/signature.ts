import { FormatError } from './format-error.ts'

/** Bytes that a detached signature may have, as for repo-add of pacman 6.0.2. */
const maxSize = 16 * 1024

/** The packet type of signatures (RFC 9580 §5, RFC 4880 §4.3). */
const signatureType = 2

/** What a packet's header says. */
interface PacketHeader {
  readonly type: number
  /** Bytes of the header. */
  readonly size: number
  /** Bytes that follow it. */
  readonly bodySize: number
}

/**
 * Base64 of a detached signature, as `makepkg --sign` and `gpg --detach-sign` write it → its bytes. They must be one
 * OpenPGP signature packet that ends where they end; whether it signs anything is not looked at. Throws FormatError.
 */
export function decodeSignature(base64: string): Uint8Array {
  const bytes = decodeBase64(base64)
  if (bytes.length > maxSize) throw new FormatError('too-large', `A signature has ${maxSize} bytes at most.`)
  if (String.fromCharCode(...bytes.subarray(0, 10)) === '-----BEGIN')
    throw new FormatError('invalid', 'The signature is armored text, not the binary one.')
  const { type, size, bodySize } = readHeader(bytes)
  if (type !== signatureType)
    throw new FormatError('invalid', `An OpenPGP packet of type ${type} is not a signature.`)
  const end = size + bodySize
  if (bodySize === 0 || end > bytes.length)
    throw new FormatError('truncated', 'The signature ends before its packet does.')
  if (end < bytes.length) {
    throw new FormatError('trailing-garbage', 'Other bytes follow the packet of the signature.')
  }
  return bytes
}

/** Nothing but RFC 4648 §4 with its padding: no blanks, no bits left over. */
function decodeBase64(text: string): Uint8Array {
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)?$/.test(text)
  if (!isBase64) throw new FormatError('invalid', 'The signature is not base64 in one line.')
  const binary = atob(text)
  if (btoa(binary) !== text) throw new FormatError('invalid', 'The signature’s base64 has bits left over.')
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

/** The header of the first packet: RFC 9580 §4.2 has both formats. */
function readHeader(bytes: Uint8Array): PacketHeader {
  const tag = bytes[0] ?? 0
  if ((tag & 0x80) === 0) throw new FormatError('invalid', 'The signature is not an OpenPGP packet.')
  return (tag & 0x40) === 0 ? readOldHeader(bytes, tag) : readNewHeader(bytes, tag)
}

function readOldHeader(bytes: Uint8Array, tag: number): PacketHeader {
  const type = (tag >> 2) & 0x0f
  const lengthSize = [1, 2, 4][tag & 0x03]
  if (lengthSize === undefined) throw new FormatError('invalid', 'The packet of the signature has no length.')
  return { type, size: 1 + lengthSize, bodySize: readNumber(bytes, 1, lengthSize) }
}

function readNewHeader(bytes: Uint8Array, tag: number): PacketHeader {
  const type = tag & 0x3f
  const first = readNumber(bytes, 1, 1)
  if (first < 192) return { type, size: 2, bodySize: first }
  if (first < 224) return { type, size: 3, bodySize: ((first - 192) << 8) + readNumber(bytes, 2, 1) + 192 }
  if (first === 255) return { type, size: 6, bodySize: readNumber(bytes, 2, 4) }
  throw new FormatError('invalid', 'The packet of the signature comes in parts, as only data may.')
}

/** Big-endian; what is missing at the end is taken as zeros: the length then tells that bytes are missing. */
function readNumber(bytes: Uint8Array, start: number, count: number): number {
  let value = 0
  for (let at = start; at < start + count; at += 1) value = value * 256 + (bytes[at] ?? 0)
  return value
}
