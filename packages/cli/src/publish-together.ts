import { AppError, type Client, contract, type PublishedTogether } from '@vieter/api'
import type { Invocation } from './invocation.ts'
import type { PackageFile } from './package-files.ts'
import { retrying } from './retrying.ts'
import { sendFile } from './send-file.ts'

interface Publishing {
  repo: string
  /** `replace` and `force`. */
  insistence: { replace?: true; force?: true }
  files: readonly PackageFile[]
  signal: AbortSignal
}

/**
 * Publishes packages in one commit: all of them, or, when this throws before the commit, none and nothing of them is left
 * on the server. Throws the server's errors, and the reason of the signal.
 */
export async function publishTogether(
  invocation: Invocation,
  client: Client,
  { repo, insistence, files, signal }: Publishing,
): Promise<PublishedTogether> {
  const { id } = await client.call(contract.openPublication, { query: { repo }, signal })
  try {
    for (const file of files) {
      await sendFile(invocation, file, {
        signal,
        send: (request) => client.call(contract.uploadPackage, { params: { id }, ...request }),
      })
    }
    return await commit(invocation, client, { id, insistence, signal })
  } catch (fault) {
    // What cannot be thrown away now the server forgets by itself.
    await client.call(contract.discardPublication, { params: { id } }).catch(() => {})
    throw fault
  }
}

/** From here on it is too late to stop: the commit may have been made, whatever becomes of its answer. */
async function commit(
  { surroundings }: Invocation,
  client: Client,
  { id, insistence, signal }: Pick<Publishing, 'insistence' | 'signal'> & { id: number },
): Promise<PublishedTogether> {
  signal.throwIfAborted()
  try {
    return await retrying(surroundings, {
      signal,
      attempt: () => client.call(contract.commitPublication, { params: { id }, query: insistence }),
      tell: (why) => surroundings.stderr.write(`${why}\n`),
    })
  } catch (fault) {
    if (!(fault instanceof AppError && fault.code === 'SERVER_UNREACHABLE')) throw fault
    throw new AppError('SERVER_UNREACHABLE', {
      message: fault.message,
      hint: 'Whether the packages were published is not known. Run the same command again once the server answers: what was published stays as it is.',
      cause: fault,
    })
  }
}
