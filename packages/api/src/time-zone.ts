const millisecondsPerDay = 86_400_000
const formats = new Map<string | undefined, Intl.DateTimeFormat>()

/** Whether this machine knows a time zone: a name of the IANA such as `Europe/Berlin`, or an offset such as `+02:00`. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name)
    return true
  } catch {
    return false
  }
}

/** How far the clocks of a time zone are ahead of UTC at a moment (UTC epoch), both in milliseconds; without a zone, those of this machine. */
export function offsetAt(moment: number, timeZone?: string): number {
  const text = formatOf(timeZone).format(moment)
  const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text)
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match ?? []
  const offset = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  return sign === '-' ? -offset : offset
}

/** The first moment after `from`, and not after `to`, at which the clocks were changed; undefined when there is none. */
export function nextClockChange(from: number, to: number, timeZone?: string): number | undefined {
  const offset = offsetAt(from, timeZone)
  for (let low = from; low < to; low += millisecondsPerDay) {
    const high = Math.min(low + millisecondsPerDay, to)
    if (offsetAt(high, timeZone) !== offset) return bisect(low, high, timeZone)
  }
  return undefined
}

/** The moment between two, the second included, from which on the offset is no longer that of the first. */
function bisect(from: number, to: number, timeZone: string | undefined): number {
  const offset = offsetAt(from, timeZone)
  let [low, high] = [from, to]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(middle, timeZone) === offset) low = middle
    else high = middle
  }
  return high
}

/** Throws RangeError for a time zone that is not known. Making one takes a hundred times as long as using it. */
function formatOf(timeZone: string | undefined): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
  formats.set(timeZone, format)
  return format
}
