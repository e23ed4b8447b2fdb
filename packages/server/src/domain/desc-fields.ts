/** Which optional fields databases have. */
export interface DatabaseFormat {
  md5sum: boolean
  pgpsig: boolean
}

interface Described {
  /** The text without its optional fields. */
  desc: string
  /** Lower-case hex; empty: there is none to tell. */
  md5: string
  /** Base64; empty: there is none to tell. */
  signature: string
}

/**
 * A `desc` text with MD5SUM and PGPSIG where repo-add writes them, before and behind SHA256SUM, as far as a format has
 * them. No value of ours follows a blank line, so that line can't be part of one.
 */
export function formatDescText(
  { desc, md5, signature }: Described,
  { md5sum, pgpsig }: DatabaseFormat,
): string {
  return desc.replace(/\n\n(%SHA256SUM%\n[0-9a-f]{64}\n\n)/, (_all, sha256: string) => {
    const before = md5sum && md5 !== '' ? `%MD5SUM%\n${md5}\n\n` : ''
    const behind = pgpsig && signature !== '' ? `%PGPSIG%\n${signature}\n\n` : ''
    return `\n\n${before}${sha256}${behind}`
  })
}
