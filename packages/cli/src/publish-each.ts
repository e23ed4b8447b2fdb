import { AppError, type Client, contract, type Published } from '@vieter/api'
import type { Invocation } from './invocation.ts'
import type { PackageFile } from './package-files.ts'
import { formatError } from './report-error.ts'
import { sendFile } from './send-file.ts'

interface Publishing {
  repo: string
  /** `replace` and `force`. */
  insistence: { replace?: true; force?: true }
  files: readonly PackageFile[]
  signal: AbortSignal
}

/**
 * Publishes packages one by one; one that the server refuses is told on standard error and doesn't hold up the others.
 * Throws SERVER_UNREACHABLE, what the disk says, and the reason of the signal: those before have been published then.
 */
export async function publishEach(
  invocation: Invocation,
  client: Client,
  { repo, insistence, files, signal }: Publishing,
): Promise<{ published: Published[]; refused: number }> {
  const published: Published[] = []
  let refused = 0
  for (const file of files) {
    try {
      const send = (request: object) =>
        client.call(contract.publishPackage, {
          params: { repo },
          query: insistence,
          ...request,
        })
      published.push(await sendFile(invocation, file, { signal, send }))
    } catch (fault) {
      if (!(fault instanceof AppError) || fault.status === 0) throw fault
      refused += 1
      await invocation.surroundings.stderr.write(
        formatError(
          new AppError(fault.code, { message: `${file.filename}: ${fault.message}`, hint: fault.hint }),
        ),
      )
    }
  }
  return { published, refused }
}
