import type { TSchema } from 'typebox'

/**
 * Why a value does not fit a schema, as a text that follows the value's name ("must be >= 0"); undefined if it fits.
 * The compiler of schemas is loaded at the first use: a server, which only answers, starts without it.
 */
export async function describeFault(schema: TSchema, value: unknown): Promise<string | undefined> {
  const { Compile } = await import('typebox/compile')
  const validator = Compile(schema)
  if (validator.Check(value)) return undefined
  const [fault] = validator.Errors(value)
  if (!fault) return 'has the wrong shape'
  return fault.instancePath === '' ? fault.message : `${fault.message} at ${fault.instancePath}`
}
