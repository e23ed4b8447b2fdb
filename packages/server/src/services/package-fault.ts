import { FormatError, type FormatErrorReason } from '@vieter/alpm'
import { AppError } from '@vieter/api'
import { isErrnoException } from '../files.ts'
import { storageFault } from './storage-fault.ts'

/** What a publisher can do about a package with such a fault. */
const hints: Readonly<Record<FormatErrorReason, string>> = {
  invalid: 'Publish a file that makepkg made, unchanged; if it is one, correct the PKGBUILD and build again.',
  missing: 'Publish a built package: what makepkg writes, not a source package or any other archive.',
  duplicate: 'Build the package again with makepkg, which writes each of these once.',
  reserved: 'Give it another name in the PKGBUILD and build again.',
  truncated: 'The file is not whole: send all of it, or build it again.',
  'trailing-garbage':
    'Nothing but zeros may follow the end of an archive: publish the file that makepkg made, unchanged.',
  'too-large':
    'Make less of it, for instance with a split package; see docs/reference/packages.md for what the server takes, and its settings.',
  'window-too-large':
    'Compress it with a smaller window, such as `zstd -19` or `xz -6`; see `max_window_size` and `decoder_memory` of the server.',
  unsafe: 'Correct what the message names, in the PKGBUILD or the sources, and build again.',
}

/** What went wrong with a package that was being received, as its sender is told it. */
export function packageFault(fault: unknown): unknown {
  if (fault instanceof AppError) return fault
  if (fault instanceof FormatError) {
    const isTooLarge = fault.reason === 'too-large' && fault.field !== 'filename'
    const code = isTooLarge ? 'PACKAGE_TOO_LARGE' : 'PACKAGE_INVALID'
    return new AppError(code, { message: fault.message, hint: hints[fault.reason], cause: fault })
  }
  if (isErrnoException(fault) && isHangUp(fault)) {
    return new AppError('BODY_INVALID', {
      message: 'The connection was cut before the whole package had arrived.',
    })
  }
  return storageFault(fault)
}

function isHangUp({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}
