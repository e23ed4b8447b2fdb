import { FormatError, readDatabaseNames } from '@vieter/alpm'
import { AppError, type NameList } from '@vieter/api'
import { decompress } from '../archives/decompress.ts'
import { holdMemory } from '../archives/memory-budget.ts'
import type { Context } from '../context.ts'
import * as lists from '../store/name-lists.ts'

type Parts = Pick<Context, 'store' | 'reader' | 'clock' | 'archives' | 'stopping'>

const mebibyte = 1024 * 1024
/** As much as pacman takes of a database. */
const maxSize = 128 * mebibyte
const maxUnpackedSize = 1024 * mebibyte
const maxWindowSize = 128 * mebibyte

/** The lists of official names, by name. */
export function listNameLists({ reader }: Pick<Parts, 'reader'>): Promise<NameList[]> {
  return lists.findNameLists(reader)
}

/**
 * Makes the names in a pacman database a list, in the place of an earlier one of this name.
 * Throws PARAMETER_INVALID, DATABASE_INVALID, BODY_TOO_LARGE, and what the body throws; then nothing has changed.
 */
export async function importNameList(
  { store, clock, archives, stopping }: Parts,
  { list, body }: { list: string; body: AsyncIterable<Uint8Array> },
): Promise<NameList> {
  if (!/^[A-Za-z0-9@._+-]{1,64}$/.test(list)) {
    throw new AppError('PARAMETER_INVALID', {
      message: `Parameter list must be letters, digits and any of @._+-, at most 64 characters, but is ${JSON.stringify(list.slice(0, 100))}.`,
    })
  }
  const names = await readNames({ archives, stopping }, body)
  const time = clock()
  await lists.saveNameList(store, list, { names, time })
  return { name: list, names: names.length, imported_at: time }
}

async function readNames(
  { archives, stopping }: Pick<Parts, 'archives' | 'stopping'>,
  body: AsyncIterable<Uint8Array>,
): Promise<string[]> {
  const memory = holdMemory(archives.memory)
  try {
    const decoding = { maxWindowSize, reserve: memory.reserve, signal: stopping.signal }
    const { tar } = await decompress(limited(body, maxSize, 'The database'), decoding)
    const names = await readDatabaseNames(limited(tar, maxUnpackedSize, 'Unpacked, the database'))
    if (names.length > 0) return names
    throw new AppError('DATABASE_INVALID', { message: 'The database names no package.' })
  } catch (fault) {
    if (!(fault instanceof FormatError)) throw fault
    throw new AppError('DATABASE_INVALID', { message: fault.message, cause: fault })
  } finally {
    memory.give()
  }
}

async function* limited(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.length
    if (size > limit) {
      throw new AppError('BODY_TOO_LARGE', {
        message: `${what} is larger than the ${limit / mebibyte} MiB that are taken.`,
      })
    }
    yield chunk
  }
}

/** Throws NAME_LIST_NOT_FOUND. */
export async function removeNameList({ store }: Pick<Parts, 'store'>, list: string): Promise<void> {
  if (!(await lists.removeNameList(store, list))) throw new AppError('NAME_LIST_NOT_FOUND')
}
