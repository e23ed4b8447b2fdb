import { decodeSignature, FormatError } from '@vieter/alpm'
import { AppError } from '@vieter/api'

/**
 * The signature that a package was sent with, in base64; empty for undefined: it came without one. Throws
 * SIGNATURE_INVALID with the reason.
 */
export function parseSignature(base64: string | undefined): string {
  if (base64 === undefined) return ''
  try {
    decodeSignature(base64)
    return base64
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault
    throw new AppError('SIGNATURE_INVALID', { message: fault.message, cause: fault })
  }
}
