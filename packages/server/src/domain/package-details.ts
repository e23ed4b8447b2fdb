/** What lists and searches ask of a package, as its row has it; made from the text of its entry. */
export interface PackageDetails {
  base: string
  description: string
  /** UTC epoch seconds; 0 if unknown. */
  build_date: number
  /** Bytes; 0 if unknown. */
  installed_size: number
  /** Name and description in lower case, a line each. */
  search_text: string
  /** What it provides (`sh`, `libz.so=1-64`), each between line ends; empty without any. */
  provides: string
}

/** Reads the details of a package. The text may be of any age: what is not in it is empty or 0. */
export function detailsOf(desc: string): PackageDetails {
  const fields = readEntryFields(desc)
  const text = (field: string) => fields.get(field)?.[0] ?? ''
  const name = text('NAME')
  const description = text('DESC')
  return {
    base: text('BASE') || name,
    description,
    build_date: numberOf(text('BUILDDATE')),
    installed_size: numberOf(text('ISIZE')),
    search_text: `${name}\n${description}`.toLowerCase(),
    provides: (fields.get('PROVIDES') ?? []).map((provision) => `\n${provision}\n`).join(''),
  }
}

/** The values of each field of a `desc` text. What was let in once is told, by whatever rules: it never throws. */
export function readEntryFields(desc: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, readonly string[]>()
  for (const block of desc.split('\n\n')) {
    const [header = '', ...values] = block.split('\n')
    const field = /^%([A-Z0-9]+)%$/.exec(header)?.[1]
    if (field !== undefined) fields.set(field, values)
  }
  return fields
}

function numberOf(text: string): number {
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= 0 ? value : 0
}
