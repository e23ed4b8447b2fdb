import type { RemovalReport } from '@vieter/api'
import { formatBytes } from './byte-size.ts'
import type { Invocation } from './invocation.ts'
import { type Column, formatJson } from './output.ts'

const columns: readonly Column<RemovalReport['packages'][number]>[] = [
  { heading: 'name', value: ({ name }) => name },
  { heading: 'version', value: ({ version }) => version },
  { heading: 'from', value: ({ repo, archs }) => archs.map((arch) => `${repo}/${arch}`).join(',') },
  { heading: 'bytes', value: ({ size }) => String(size) },
]

/** Tells what a removal took away, or what it would. */
export async function printRemoval(invocation: Invocation, report: RemovalReport): Promise<void> {
  if (invocation.options.json) return invocation.print(formatJson(report))
  await invocation.printList(columns, report.packages, 'There are no packages in it.')
  const { packages, bytes } = report
  const what = `${packages.length} ${packages.length === 1 ? 'package' : 'packages'}, ${formatBytes(bytes)} of files`
  await invocation.say(report.dry_run ? `Would remove ${what}. Nothing was changed.` : `Removed ${what}.`)
}
