import { AppError } from '@vieter/api'

/** Parses the items of `0,1` (any of these) and `!0,!2` (none of these). Throws PARAMETER_INVALID. */
export function parseExitCodes(items: readonly string[]): { wanted: number[]; unwanted: number[] } {
  const wanted: number[] = []
  const unwanted: number[] = []
  for (const item of items) {
    const match = /^(!?)(-?\d{1,9})$/.exec(item)
    if (!match) {
      throw new AppError('PARAMETER_INVALID', {
        message: `Parameter exit_codes holds ${JSON.stringify(item.slice(0, 40))}, which is no exit code.`,
        hint: 'Write `0,1` for any of these, or `!0,!2` for none of these.',
      })
    }
    const codes = match[1] === '!' ? unwanted : wanted
    codes.push(Number(match[2]))
  }
  return { wanted, unwanted }
}
