// `npm run check`: everything that can be said of the tree without running it. Runs on Node.js 20 and without node_modules.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled, pinnedNode } from './install.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const gates = [
  { name: 'format and lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  {
    name: 'boundaries',
    command: [
      'depcruise',
      'packages/*/src',
      '--config',
      '.dependency-cruiser.mjs',
      '--output-type',
      'err-long',
    ],
  },
  { name: 'dead code', command: ['knip', '--no-progress'] },
  { name: 'generated files', command: ['node', 'scripts/generate.ts', '--check'] },
]

ensureInstalled()
let failed = 0
for (const { name, command } of gates) {
  const started = Date.now()
  const [program, ...options] = command
  const { status } = spawnSync(join(root, 'node_modules/.bin', program), options, {
    cwd: root,
    env: { ...process.env, PATH: `${dirname(pinnedNode)}:${process.env.PATH}` },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  if (status !== 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
