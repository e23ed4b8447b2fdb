/**
 * Orders two texts as their UTF-8 bytes are ordered, which is what `LC_ALL=C sort` and strcmp(3) do.
 * JavaScript's own order is by UTF-16 units; it differs where a surrogate meets a character from U+E000 to
 * U+FFFF.
 */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i)
    const right = b.charCodeAt(i)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** Surrogates stand for U+10000 and above, so they go behind every other unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

/** A sorted copy, each text once. */
export function sortUniqueBytes(texts: Iterable<string>): string[] {
  const unique = [...new Set(texts)]
  return unique.some((text) => /[\ud800-\uffff]/.test(text)) ? unique.sort(compareBytes) : unique.sort()
}
