import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'

const validators = new WeakMap<TSchema, Validator>()

function validatorOf(schema: TSchema): Validator {
  const known = validators.get(schema)
  if (known) return known
  const made = Compile(schema)
  validators.set(schema, made)
  return made
}

/** Why a value does not fit a schema, as a text that follows the value's name ("must be >= 0"); undefined if it fits. */
export function describeFault(schema: TSchema, value: unknown): string | undefined {
  const validator = validatorOf(schema)
  if (validator.Check(value)) return undefined
  const [fault] = validator.Errors(value)
  if (!fault) return 'has the wrong shape'
  return fault.instancePath === '' ? fault.message : `${fault.message} at ${fault.instancePath}`
}

/** Whether a value fits a schema. */
export function fits<T extends TSchema>(schema: T, value: unknown): value is Static<T> {
  return validatorOf(schema).Check(value)
}
