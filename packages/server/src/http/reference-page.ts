import { describeAccess, type Endpoint, type errorTable } from '@vieter/api'
import { escapeHtml } from './html.ts'

type ErrorTable = typeof errorTable

const style = `
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent) }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  section { border-top: 1px solid var(--line); padding: .5rem 0 1rem }
  code { font-family: ui-monospace, monospace } h3 code { font-weight: 600 }
  table { border-collapse: collapse; width: 100% } td, th { border-top: 1px solid var(--line); padding: .3rem .6rem .3rem 0; text-align: left; vertical-align: top }
  .method { display: inline-block; min-width: 4.5rem; color: #2a6fb0 }
`

/** The contract as a page for people: no script, nothing loaded from elsewhere. */
export function formatReferencePage(
  endpoints: readonly Endpoint[],
  errors: ErrorTable,
  version: string,
): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Vieter’s HTTP API</title><style>${style}</style></head><body>
<h1>Vieter’s HTTP API</h1>
<p>Version ${escapeHtml(version)}. Answers under <code>/api/v1</code> are <code>{"message": "", "data": …}</code>; of an error,
<code>message</code> says what happened, <code>code</code> is stable, <code>hint</code> says what to do. A token goes into
<code>X-Api-Key</code> or <code>Authorization: Bearer</code>; each endpoint says which scopes it needs. As a machine reads it: <a href="v1/openapi.json">openapi.json</a>.</p>
${endpoints.map(formatEndpoint).join('\n')}
<h2>Errors</h2>
<table><tr><th>code</th><th>status</th><th>meaning</th><th>hint</th></tr>
${Object.entries(errors).map(formatError).join('\n')}
</table></body></html>
`
}

function formatEndpoint(endpoint: Endpoint): string {
  const errors = endpoint.errors.map((code) => `<code>${code}</code>`).join(' ')
  return `<section id="${endpoint.id}"><h3><code><span class="method">${endpoint.method}</span>${escapeHtml(endpoint.path)}</code></h3>
<p>${escapeHtml(endpoint.summary)} (${describeAccess(endpoint)}${endpoint.body === 'none' ? '' : `; body: ${endpoint.body}`})</p>
${formatQuery(endpoint)}${errors === '' ? '' : `<p>Errors: ${errors}</p>`}</section>`
}

function formatQuery(endpoint: Endpoint): string {
  const fields = Object.entries(
    endpoint.query.properties as Record<string, { description?: string; type?: string }>,
  )
  if (fields.length === 0) return ''
  const required = new Set((endpoint.query.required as string[] | undefined) ?? [])
  const rows = fields.map(
    ([name, field]) =>
      `<tr><td><code>${name}</code></td><td>${field.type ?? ''}${required.has(name) ? ', required' : ''}</td><td>${escapeHtml(field.description ?? '')}</td></tr>`,
  )
  return `<table>${rows.join('')}</table>`
}

function formatError([code, { status, meaning, hint }]: [string, ErrorTable[keyof ErrorTable]]): string {
  const number = status === 0 ? '' : String(status)
  return `<tr><td><code>${code}</code></td><td>${number}</td><td>${escapeHtml(meaning)}</td><td>${escapeHtml(hint)}</td></tr>`
}
