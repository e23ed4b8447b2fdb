import type { Static, TObject, TSchema } from 'typebox'
import { AppError } from './app-error.ts'

type RawValues = Readonly<Record<string, string | undefined>>

/**
 * Decodes the texts of a query or of path parameters by a schema.
 *
 * With `emptyQuery: 'unset'` a bare key, an empty text, and `0` for a number above zero mean that the parameter was
 * not given: that is what Vieter 0.6's client sends for its defaults. Keys that the schema does not know are ignored,
 * as 0.6 did. Of repeated keys the caller passes the last.
 *
 * Throws PARAMETER_MISSING or PARAMETER_INVALID, naming the first faulty parameter in the order of the schema.
 */
export function decodeParameters<T extends TObject>(
  schema: T,
  raw: RawValues,
  emptyQuery: 'unset' | 'kept',
): Static<T> {
  const required = new Set<string>((schema.required as string[] | undefined) ?? [])
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(schema.properties as Record<string, TSchema>)) {
    const value = decodeField(name, field, raw[name], emptyQuery)
    if (value !== undefined) values[name] = value
    else if (required.has(name)) throw missing(name, field, raw[name])
    else if ('default' in field) values[name] = field.default
  }
  return values as Static<T>
}

function decodeField(
  name: string,
  field: TSchema,
  text: string | undefined,
  emptyQuery: 'unset' | 'kept',
): unknown {
  if (text === undefined) return undefined
  const kind = property(field, 'type')
  if (kind === 'boolean') return text !== 'false' && text !== '0'
  if (text === '' && (emptyQuery === 'unset' || kind === 'integer')) return undefined
  const value = convert(name, kind, text)
  if (emptyQuery === 'unset' && value === 0 && Number(property(field, 'minimum') ?? 0) > 0) return undefined
  const fault = faultOf(field, value)
  if (fault !== undefined) throw invalid(name, fault, text)
  return value
}

function convert(name: string, kind: unknown, text: string): unknown {
  if (kind === 'array') return text === '' ? [] : text.split(',').map((item) => item.trim())
  if (kind !== 'integer') return text
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw invalid(name, 'must be a whole number', text)
  return value
}

/** The bounds that fields of a query have: of numbers their value, of texts and lists their length. */
function faultOf(field: TSchema, value: unknown): string | undefined {
  const bound = (key: string, otherwise: number) => Number(property(field, key) ?? otherwise)
  if (typeof value === 'number') {
    if (value < bound('minimum', -Infinity)) return `must be >= ${bound('minimum', 0)}`
    if (value > bound('maximum', Infinity)) return `must be <= ${bound('maximum', 0)}`
  } else if (typeof value === 'string') {
    if (value.length > bound('maxLength', Infinity))
      return `must have at most ${bound('maxLength', 0)} characters`
  } else if (Array.isArray(value) && value.length > bound('maxItems', Infinity)) {
    return `must have at most ${bound('maxItems', 0)} items`
  }
  return undefined
}

function missing(name: string, field: TSchema, text: string | undefined): AppError {
  const told = (text === '' && property(field, 'empty')) || property(field, 'missing')
  return new AppError('PARAMETER_MISSING', {
    message: typeof told === 'string' ? told : `Missing parameter: ${name}.`,
  })
}

function invalid(name: string, fault: string, text: string): AppError {
  return new AppError('PARAMETER_INVALID', {
    message: `Parameter ${name} ${fault}, but is ${JSON.stringify(text.slice(0, 100))}.`,
  })
}

function property(field: TSchema, key: string): unknown {
  return (field as Record<string, unknown>)[key]
}

/** The inverse: values as the texts of a query. Undefined values are left out; lists are joined by commas. */
export function encodeParameters(values: Readonly<Record<string, unknown>>): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) texts[name] = Array.isArray(value) ? value.join(',') : String(value)
  }
  return texts
}
