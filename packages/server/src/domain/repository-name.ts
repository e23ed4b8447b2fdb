import { FormatError, parseConcreteArchitecture, parseRepositoryName } from '@vieter/alpm'
import { AppError } from '@vieter/api'

/** Throws REPOSITORY_NAME_INVALID with the reason. */
export function parseRepository(text: string): string {
  try {
    return parseRepositoryName(text)
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault
    throw new AppError('REPOSITORY_NAME_INVALID', { message: fault.message, cause: fault })
  }
}

/** Throws PARAMETER_INVALID with the reason, also for `any`: it is no architecture that a machine could have. */
export function parseArch(text: string): string {
  try {
    return parseConcreteArchitecture(text)
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault
    throw new AppError('PARAMETER_INVALID', { message: fault.message, cause: fault })
  }
}
