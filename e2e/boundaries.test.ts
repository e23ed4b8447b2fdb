import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Cruises a tree of the given files under the project's own rules; returns what the gate prints and its exit code. */
function cruise(files: Record<string, string>): { code: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'vieter-boundaries-'))
  folders.push(folder)
  for (const name of ['.dependency-cruiser.mjs', 'tsconfig.json'])
    cpSync(join(root, name), join(folder, name))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const command: string[] = []
  command.push('packages/*/src', '--config', '.dependency-cruiser.mjs', '--output-type', 'err')
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/depcruise'), command, {
    cwd: folder,
    encoding: 'utf8',
  })
  return { code: status, output: stdout + stderr }
}

const thing = 'export const thing = 1\n'

const forbidden: Record<string, Record<string, string>> = {
  'alpm-imports-only-nothing': {
    'packages/alpm/src/names.ts': "import { thing } from '../../api/src/x.ts'\nexport const name = thing\n",
    'packages/api/src/x.ts': thing,
  },
  'server-imports-only-alpm-api-config': {
    'packages/server/src/app.ts': "import { thing } from '../../agent/src/x.ts'\nexport const app = thing\n",
    'packages/agent/src/x.ts': thing,
  },
  'agent-imports-only-alpm-api-config': {
    'packages/agent/src/loop.ts':
      "import type { Thing } from '../../server/src/x.ts'\nexport type Loop = Thing\n",
    'packages/server/src/x.ts': 'export type Thing = 1\n',
  },
  'formats-and-contract-are-pure': {
    'packages/alpm/src/tar.ts': "import { readFileSync } from 'node:fs'\nexport const read = readFileSync\n",
  },
  'cli-loads-products-lazily': {
    'packages/cli/src/commands/server.ts':
      "import { thing } from '../../../server/src/x.ts'\nexport const run = thing\n",
    'packages/server/src/x.ts': thing,
  },
  'cli-loads-products-in-commands-that-run-them': {
    'packages/cli/src/commands/logs.ts': "export const run = () => import('../../../agent/src/x.ts')\n",
    'packages/agent/src/x.ts': thing,
  },
  'http-calls-services': {
    'packages/server/src/http/targets.ts':
      "import { thing } from '../store/x.ts'\nexport const route = thing\n",
    'packages/server/src/store/x.ts': thing,
  },
  'services-never-see-http': {
    'packages/server/src/services/publish.ts':
      "import { thing } from '../http/x.ts'\nexport const verb = thing\n",
    'packages/server/src/http/x.ts': thing,
  },
  'drivers-know-no-services': {
    'packages/server/src/store/jobs.ts':
      "import { thing } from '../services/x.ts'\nexport const rows = thing\n",
    'packages/server/src/services/x.ts': thing,
  },
  'domain-is-pure': {
    'packages/server/src/domain/plan.ts':
      "import { thing } from '../store/x.ts'\nexport const plan = thing\n",
    'packages/server/src/store/x.ts': thing,
  },
  'nothing-imports-main': {
    'packages/server/src/app.ts': "import { thing } from './main.ts'\nexport const app = thing\n",
    'packages/server/src/main.ts': thing,
  },
  'no-cycles': {
    'packages/alpm/src/a.ts': "import { b } from './b.ts'\nexport const a = () => b\n",
    'packages/alpm/src/b.ts': "import { a } from './a.ts'\nexport const b = () => a\n",
  },
}

test.for(Object.entries(forbidden))('a forbidden import is caught: %s', ([rule, files]) => {
  const { code, output } = cruise(files)
  expect(output).toContain(rule)
  expect(code).not.toBe(0)
})

test('what the rules allow passes', () => {
  const { code, output } = cruise({
    'packages/server/src/http/x.ts': "import { thing } from '../services/x.ts'\nexport const route = thing\n",
    'packages/server/src/services/x.ts': "import { thing } from '../domain/x.ts'\nexport { thing }\n",
    'packages/server/src/domain/x.ts': thing,
    'packages/cli/src/commands/server.ts':
      "export const run = () => import('../../../server/src/http/x.ts')\n",
  })
  expect(output).toContain('no dependency violations found')
  expect(code).toBe(0)
})
