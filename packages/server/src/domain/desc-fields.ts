interface OptionalFields {
  /** Lower-case hex; empty: left out. */
  md5: string
  /** Base64; empty: left out. */
  signature: string
}

/**
 * Puts MD5SUM and PGPSIG into a `desc` text where repo-add writes them: before and behind SHA256SUM. No value of ours
 * follows a blank line, so that line can't be part of one.
 */
export function withOptionalFields(desc: string, { md5, signature }: OptionalFields): string {
  return desc.replace(/\n\n(%SHA256SUM%\n[0-9a-f]{64}\n\n)/, (_all, sha256: string) => {
    const before = md5 === '' ? '' : `%MD5SUM%\n${md5}\n\n`
    const behind = signature === '' ? '' : `%PGPSIG%\n${signature}\n\n`
    return `\n\n${before}${sha256}${behind}`
  })
}
