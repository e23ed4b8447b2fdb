import type { Sink } from './engine.ts'
import type { Progress } from './progress.ts'

/** The log of one build: output of programs and lines of the agent, sent to the server piece by piece. */
export interface BuildLog extends Progress {
  /** Output of a program; resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when all that was written has been sent, or given up. */
  flush(): Promise<void>
}

interface BuildLogOptions {
  /** Sends a piece to stand at an offset; where the log stands then. Both in bytes. Never rejects. */
  send(offset: number, piece: Uint8Array): Promise<number>
  /** Bytes; output beyond is cut off. */
  limit: number
  /** Also gets everything, at once. */
  echo?: Sink | undefined
}

const pieceSize = 64 * 1024
const sendDelay = 1000
/** Bytes that wait for being sent before the output of programs has to wait too. */
const maxWaiting = 1024 * 1024
/** Bytes that the agent's own lines may take when the output of programs has reached the limit. */
const reserve = 16 * 1024

const prefix = '==> vieter: '

export function createBuildLog({ send, limit, echo }: BuildLogOptions): BuildLog {
  const waiting: Uint8Array[] = []
  let waitingSize = 0
  let sentSize = 0
  let total = 0
  let endsLine = true
  let isCut = false
  let sending: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  function add(bytes: Uint8Array): Promise<void> | void {
    if (bytes.length === 0) return
    waiting.push(bytes)
    waitingSize += bytes.length
    total += bytes.length
    endsLine = bytes.at(-1) === 0x0a
    if (waitingSize >= pieceSize) startSending()
    else timer ??= setTimeout(startSending, sendDelay)
    return echo?.(bytes)
  }

  function startSending(): void {
    clearTimeout(timer)
    timer = undefined
    if (sending || waitingSize === 0) return
    sending = send(sentSize, takePiece()).then((size) => {
      sentSize = size
      sending = undefined
      if (waitingSize >= pieceSize) startSending()
      else if (waitingSize > 0) timer ??= setTimeout(startSending, sendDelay)
    })
  }

  function takePiece(): Uint8Array {
    const parts: Uint8Array[] = []
    let size = 0
    for (let head = waiting[0]; head && size < pieceSize; head = waiting[0]) {
      const part = head.subarray(0, pieceSize - size)
      parts.push(part)
      size += part.length
      if (part.length === head.length) waiting.shift()
      else waiting[0] = head.subarray(part.length)
    }
    waitingSize -= size
    return Buffer.concat(parts)
  }

  function line(text: string): void {
    if (total > limit) return
    void add(Buffer.from(`${endsLine ? '' : '\n'}${prefix}${text}\n`))
  }

  return {
    line,
    async write(bytes) {
      if (isCut) return
      const room = Math.max(0, limit - reserve - total)
      isCut = bytes.length > room
      await add(bytes.subarray(0, room))
      if (isCut) line('the log is full; what the build prints from here on is cut off')
      while (waitingSize > maxWaiting && sending) await sending
    },
    async flush() {
      while (waitingSize > 0 || sending) {
        startSending()
        await sending
      }
    },
  }
}
