const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** The one form that is written today, and the two of old that a recipient must still read (RFC 9110 §5.6.7). */
const forms = [
  /^[a-z]{3}, (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/i,
  /^[a-z]{6,9}, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/i,
  /^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/i,
]

/*
 * Clients ask with the date that they were all sent, again and again: the last one read and the last one written are
 * remembered, which takes a tenth off the cost of a 304.
 */
let lastRead: { text: string; seconds: number | undefined } = { text: '', seconds: undefined }
let lastWritten = { seconds: 0, text: new Date(0).toUTCString() }

/** The UTC epoch seconds of a date in a header; undefined when there is none, or one that can't be read. */
export function parseHttpDate(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (text !== lastRead.text) lastRead = { text, seconds: readDate(text) }
  return lastRead.seconds
}

export function formatHttpDate(seconds: number): string {
  if (seconds !== lastWritten.seconds) lastWritten = { seconds, text: new Date(seconds * 1000).toUTCString() }
  return lastWritten.text
}

function readDate(text: string): number | undefined {
  for (const form of forms) {
    const parts = form.exec(text)?.groups
    if (parts) return secondsOf(parts)
  }
  return undefined
}

function secondsOf(parts: Record<string, string>): number | undefined {
  const { day = '', month = '', year = '', time = '' } = parts
  const [hours, minutes, seconds] = time.split(':').map(Number)
  const index = months.indexOf(month.toLowerCase())
  const milliseconds = Date.UTC(yearOf(year), index, Number(day), hours, minutes, seconds)
  return index < 0 ? undefined : milliseconds / 1000
}

/** Two digits mean the century that puts the year nearest, as far as that matters to files of this age. */
function yearOf(digits: string): number {
  if (digits.length === 4) return Number(digits)
  return Number(digits) + (Number(digits) < 70 ? 2000 : 1900)
}
