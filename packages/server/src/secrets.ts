import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A new lease token: 256 random bits, as text. */
export function makeToken(): string {
  return randomBytes(32).toString('base64url')
}

/** The SHA-256 of a secret: what is stored of it, and what is compared. */
export function sha256(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** Whether a secret has this SHA-256 (lower-case hex), in a time that does not depend on where they differ. */
export function matchesHash(secret: string, hash: string): boolean {
  const stored = Buffer.from(hash, 'hex')
  return stored.length === 32 && timingSafeEqual(sha256(secret), stored)
}
