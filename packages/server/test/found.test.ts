import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createJudge } from './fuzz/judge.ts'

/*
 * Archives with which mutation runs have found a fault, each made as small as it could be, with what is said of it today.
 */
const folder = join(import.meta.dirname, 'found')
const judge = createJudge()

afterAll(judge.stop)

test.each(readdirSync(folder).sort())('%s', async (name) => {
  expect(await judge.judge(readFileSync(join(folder, name)))).toMatchSnapshot()
})
