import { contract } from '@vieter/api'
import type { Context } from '../context.ts'
import { addLog } from '../services/add-log.ts'
import { findLogContent, findLogs, getLog } from '../services/find-logs.ts'
import { removeLog } from '../services/remove-log.ts'
import { readBody } from './body.ts'
import { answerEmpty, type Mount } from './mount.ts'
import { sendFile } from './send-file.ts'

const mebibyte = 1024 * 1024

export function mountLogs(mount: Mount, context: Context): void {
  mount(contract.listLogs, async ({ query }) => {
    const { exit_codes: exitCodes, ...filter } = query
    return findLogs(context, {
      ...filter,
      limit: query.limit ?? 25,
      offset: query.offset ?? 0,
      target: query.target || undefined,
      before: query.before || undefined,
      after: query.after || undefined,
      exitCodes,
    })
  })
  mount(contract.getLog, async ({ params }) => getLog(context, params.id))
  mount(contract.getLogContent, async ({ params, request, reply }) => {
    const content = await findLogContent(context, params.id)
    const type = 'text/plain; charset=utf-8'
    if (content.size === 0) reply.type(type).send('')
    else {
      await sendFile(request, reply, {
        ...content,
        etag: `"log-${params.id}-${content.size}"`,
        lastModified: undefined,
        immutable: false,
        type,
        cacheControl: 'no-cache',
      })
    }
    return reply as never
  })
  mount(contract.addLog, async ({ query, request, reply, caller }) => {
    const bytes = await readBody({ request, reply }, context.settings.max_log_size * mebibyte)
    return addLog(context, { ...query, bytes, caller: caller() })
  })
  mount(contract.removeLog, async ({ params, reply }) => {
    await removeLog(context, params.id)
    return answerEmpty(reply)
  })
}
