import type { ListedPackage } from '../services/list-packages.ts'
import { escapeHtml } from './html.ts'

const style = `
  :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent) }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  table { border-collapse: collapse; width: 100% } td, th { border-top: 1px solid var(--line); padding: .2rem .6rem .2rem 0; text-align: left }
  .size { text-align: right; white-space: nowrap } time { white-space: nowrap }
`

const end = '</body></html>\n'

/** A repository as a page for people: its architectures. */
export function formatArchitecturesPage(repository: string, archs: readonly string[]): string {
  const items = archs.map((arch) => `<li>${link(`${arch}/`)}</li>`)
  return `${formatStart(repository)}<ul>\n${items.join('\n')}\n</ul>\n${end}`
}

/** An arch-repo as a page for people, piece by piece: the links of its databases, then its packages. */
export async function* formatPackagesPage(
  { repository, arch }: { repository: string; arch: string },
  pages: AsyncIterable<readonly ListedPackage[]>,
): AsyncGenerator<string> {
  const databases = [`${repository}.db`, `${repository}.files`].map((name) => `<li>${link(name)}</li>`)
  yield `${formatStart(`${repository} / ${arch}`)}<ul>\n<li><a href="../">../</a></li>\n${databases.join('\n')}\n</ul>
<table>
<tr><th>package</th><th>version</th><th class="size">size</th><th>published (UTC)</th><th>file</th></tr>
`
  for await (const page of pages) yield page.map(formatPackage).join('')
  yield `</table>\n${end}`
}

function formatStart(title: string): string {
  const text = escapeHtml(title)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${text}</title><style>${style}</style></head><body>
<h1>${text}</h1>
`
}

function formatPackage({ name, version, size, publishedAt, filename }: ListedPackage): string {
  const cells = [escapeHtml(name), escapeHtml(version)].map((text) => `<td>${text}</td>`).join('')
  return `<tr>${cells}<td class="size">${formatSize(size)}</td><td>${formatTime(publishedAt)}</td><td>${link(filename)}</td></tr>\n`
}

/** A link to what lies beside the page. The dot keeps a colon in the name from being read as a scheme. */
function link(name: string): string {
  return `<a href="./${escapeHtml(encodeURI(name).replaceAll(/[?#]/g, encodeURIComponent))}">${escapeHtml(name)}</a>`
}

function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4)
  return `${(bytes / 1024 ** power).toFixed(1)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`
}

function formatTime(seconds: number): string {
  const text = new Date(seconds * 1000).toISOString()
  return `<time datetime="${text}">${text.slice(0, 16).replace('T', ' ')}</time>`
}
