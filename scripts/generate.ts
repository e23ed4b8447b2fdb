// Prints the generated parts of docs/ from the values that they describe; with --check it only says which have drifted.
import { readFileSync, writeFileSync } from 'node:fs'
import {
  contract,
  describeAccess,
  type Endpoint,
  type ErrorExample,
  errorTable,
  formatOpenapi,
} from '../packages/api/src/index.ts'
import { formatSettingsReference } from '../packages/config/src/index.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}
const endpoints: readonly Endpoint[] = Object.values(contract)

const generated: Record<string, string> = {
  'docs/reference/configuration.md': `# Configuration

<!-- Printed by \`npm run generate\` from packages/config/src/settings.ts. -->

A TOML file (\`-f FILE\`, by default \`~/.vieterrc\`), overridden by environment variables: \`VIETER_<NAME>\`, or
\`VIETER_<NAME>_FILE\` with the path of a file that holds the value. An unknown key or a bad value is refused at start,
by name. One file may serve the server, the agent and the commands.

${formatSettingsReference()}`,
  'docs/reference/errors.md': `# Errors

<!-- Printed by \`npm run generate\` from packages/api/src/error-table.ts. -->

Every error has a stable code, a message that says what happened, and a hint that says what to do. Over HTTP it comes as
\`{"message": "…", "data": "", "code": "CODE", "hint": "…"}\` with the status below. Errors without a status are told by
the commands alone. In examples, … stands for what differs each time.

${Object.entries(errorTable).map(formatError).join('\n')}`,
  'docs/reference/api.md': `# HTTP API

<!-- Printed by \`npm run generate\` from packages/api/src/contract.ts. -->

A running server shows the same at \`/api/docs\`, and as an OpenAPI document at \`/api/v1/openapi.json\`. Each endpoint
says which [scopes of tokens](../tokens.md) may call it; the API key may call all. Either goes into \`X-Api-Key\` or
\`Authorization: Bearer\`; for reading a private repository there is also the password of HTTP Basic; the token of a lease
goes into \`X-Lease-Token\`. Answers under \`/api/v1\` are
\`{"message": "", "data": …}\`.

${endpoints.map(formatEndpoint).join('\n')}`,
  'docs/reference/openapi.json': `${JSON.stringify(formatOpenapi(endpoints, version), null, 2)}\n`,
}

function formatError([code, entry]: [string, (typeof errorTable)[keyof typeof errorTable]]): string {
  const status = entry.status === 0 ? '' : ` (${entry.status})`
  const { sent, how = '', message }: ErrorExample = entry.example
  const example = `Example: ${`\`${sent}\` ${how}`.trim()}\n\n> ${message}`
  return `## ${code}${status}\n\n${entry.meaning}\n\n${entry.hint}\n\n${example}\n`
}

function formatEndpoint(endpoint: Endpoint): string {
  const query = Object.entries(endpoint.query.properties as Record<string, { description?: string }>)
  const required = new Set((endpoint.query.required as string[] | undefined) ?? [])
  const lines = query.map(([name, { description = '' }]) => {
    return `- \`${name}\`${required.has(name) ? ' (required)' : ''}: ${description}`
  })
  const errors = endpoint.errors.length === 0 ? '' : `\nErrors: ${endpoint.errors.join(', ')}\n`
  const body = endpoint.body === 'none' ? '' : `; body: ${endpoint.body}`
  const parameters = lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
  return `## \`${endpoint.method} ${endpoint.path}\`\n\n${endpoint.summary} (${describeAccess(endpoint)}${body})\n${parameters}${errors}`
}

function readIfThere(url: URL): string {
  try {
    return readFileSync(url, 'utf8')
  } catch {
    return ''
  }
}

const isCheck = process.argv.includes('--check')
for (const [path, text] of Object.entries(generated)) {
  const url = new URL(`../${path}`, import.meta.url)
  if (readIfThere(url) === text) continue
  if (isCheck) {
    console.error(`${path} has drifted: run \`npm run generate\`.`)
    process.exitCode = 1
  } else {
    writeFileSync(url, text)
    console.log(`wrote ${path}`)
  }
}
