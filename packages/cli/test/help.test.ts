import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { commandText, fullName } from '../src/command.ts'
import { exitCodes } from '../src/exit-codes.ts'
import { createProgram } from '../src/program.ts'
import type { Surroundings } from '../src/surroundings.ts'
import { vieter } from './vieter.ts'

const program = await createProgram({ surroundings: {} as Surroundings, exitCode: 0 })
const commands = program.commands.flatMap(withoutGroups)
const words = (command: Command) => fullName(command).split(' ').slice(1)

function withoutGroups(command: Command): Command[] {
  return command.commands.length > 0 ? command.commands.flatMap(withoutGroups) : [command]
}

test('the commands are these', () => {
  expect(commands.map((command) => words(command).join(' '))).toEqual([
    'server',
    'agent',
    'publish',
    'packages list',
    'packages search',
    'packages info',
    'packages files',
    'packages owns',
    'packages remove',
    'targets list',
    'targets add',
    'targets info',
    'targets edit',
    'targets remove',
    'targets build',
    'jobs list',
    'logs list',
    'logs info',
    'logs content',
    'logs remove',
    'repos list',
    'repos add',
    'repos config',
    'repos names import',
    'repos names list',
    'repos names remove',
    'repos remove',
    'tokens create',
    'tokens list',
    'tokens revoke',
    'check',
    'mirror export',
    'backup',
    'restore',
    'schedule',
    'aur search',
    'aur add',
    'man',
  ])
})

describe.each(commands.map((command) => [fullName(command), command] as const))('%s', (name, command) => {
  test('has a help with an example that calls it', async () => {
    const { stdout, code } = await vieter([...words(command), '--help'])
    expect(stdout).toContain(`Usage: ${name} `)
    expect(stdout).toMatch(/\nExamples?:\n {2}\$ /)
    expect(stdout).toContain('--config-file <path>')
    for (const example of commandText(command).examples) expect(example).toContain(`${name} `.trim())
    expect(code).toBe(0)
  })
})

test('the help of the program tells the exit codes, and so does the reference', async () => {
  const { stdout } = await vieter(['--help'])
  const reference = readFileSync(new URL('../../../docs/reference/exit-codes.md', import.meta.url), 'utf8')
  for (const [code, meaning] of Object.entries(exitCodes)) {
    expect(stdout).toContain(`  ${code}  ${meaning}\n`)
    expect(reference).toContain(`| ${code} | ${meaning} |`)
  }
})

test('--version', async () => {
  expect((await vieter(['--version'])).stdout).toBe(`${manifest.version}\n`)
})

describe('man', () => {
  test('writes a page for each command, holding known requests and escapes alone', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vieter-man-'))
    try {
      const { stdout, code } = await vieter(['man', join(folder, 'man1')])
      const files = readdirSync(join(folder, 'man1'))
      expect(stdout).toBe(`Wrote ${files.length} manual pages into ${join(folder, 'man1')}.\n`)
      expect(code).toBe(0)
      for (const command of commands) expect(files).toContain(`${fullName(command).replaceAll(' ', '-')}.1`)
      for (const file of files) {
        const page = readFileSync(join(folder, 'man1', file), 'utf8')
        expect(page).toMatch(/^\.TH VIETER/)
        expect(page).not.toMatch(/[^\n\u0020-\u007e]/)
        for (const line of page.split('\n')) {
          expect(line).toMatch(/^(?:\.(?:TH|SH|PP|TP|B|BR|nf|fi)(?: |$)|[^.']|$)/)
          expect(line.replaceAll(/\\(?:-|&|\([a-z]{2}|\[u[0-9A-F]{4,5}\])/g, '')).not.toContain('\\')
        }
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a page says what the help says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vieter-man-'))
    try {
      await vieter(['man', folder])
      const page = readFileSync(join(folder, 'vieter-logs-list.1'), 'utf8')
      expect(page).toContain('.SH NAME\nvieter\\-logs\\-list \\- list the logs of finished builds\n')
      expect(page).toContain(
        '.B \\-\\-before <time>\nonly those before this time (\\(aqYYYY\\-MM\\-DD HH:mm:ss\\(aq)\n',
      )
      expect(page).toContain('.SH EXIT STATUS\n')
      expect(page).toContain('$ vieter logs list \\-\\-today \\-\\-failed\n')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
