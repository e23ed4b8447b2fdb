// `npm run bench`: runs the benchmarks and keeps what they print in bench/RESULTS.md. Runs on Node.js 20 and without node_modules.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureInstalled, pinnedNode } from './install.mjs'
import { ensureTestRequirements } from './requirements.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const benchmarks = [
  {
    file: 'bench/publish.ts',
    title: 'Publishing one small package, beside repo-add',
    about:
      'From the first byte sent to the answer, which means durable and visible; 20 publishes, one after the other. repo-add (median of 3) works on a copy of the same database in memory.',
  },
]

ensureInstalled()
ensureTestRequirements()
const sections = []
for (const { file, title, about } of benchmarks) {
  const { status, stdout } = spawnSync(pinnedNode, [join(root, file)], {
    cwd: root,
    env: { ...process.env, PATH: `${dirname(pinnedNode)}:${process.env.PATH}` },
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  process.stdout.write(stdout)
  if (status !== 0) process.exit(1)
  sections.push(`## ${title}\n\n${about}\n\n${stdout.slice(stdout.indexOf('\n\n') + 2).trim()}\n`)
}
writeFileSync(
  join(root, 'bench/RESULTS.md'),
  `# What was measured\n\n<!-- Written by \`npm run bench\`. -->\n\n${sections.join('\n')}`,
)
