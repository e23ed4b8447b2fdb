import { contract, type Job } from '@vieter/api'
import type { Command } from 'commander'
import { addCommand, addGroup, jsonOption, pageOptions, type Run } from '../command.ts'
import type { Invocation } from '../invocation.ts'
import { formatLocalTime } from '../local-time.ts'
import type { Column } from '../output.ts'
import { collectPages, type PageOptions } from '../pages.ts'

const columns: readonly Column<Job>[] = [
  { heading: 'id', value: (job) => `${job.id}` },
  { heading: 'target', value: (job) => `${job.target_id}` },
  { heading: 'arch', value: (job) => job.arch },
  { heading: 'state', value: (job) => job.state },
  { heading: 'queued at', value: (job) => formatLocalTime(job.created_at) },
  { heading: 'force', value: (job) => (job.force ? 'yes' : ''), optional: true },
  { heading: 'agent', value: (job) => job.agent, optional: true },
  { heading: 'log', value: (job) => (job.log_id === 0 ? '' : `${job.log_id}`), optional: true },
]

export function addJobsCommands(program: Command, run: Run): void {
  const group = addGroup(program, 'jobs', 'see what is queued and what is being built')
  addCommand(group, run, {
    name: 'list',
    description: 'list the queued and running jobs, oldest first',
    details: 'A running job names its log: `vieter logs content LOG --follow` shows the build as it goes.',
    options: [...pageOptions(), jsonOption()],
    examples: ['vieter jobs list'],
    async run(invocation: Invocation<PageOptions>) {
      const client = invocation.client()
      const jobs = await collectPages(invocation.options, (query) =>
        client.call(contract.listJobs, { query }),
      )
      await invocation.printList(columns, jobs, 'No job is queued or running.')
      return 0
    },
  })
}
