/** A system call that succeeded, as strace(1) saw it with `-f -yy`. */
export interface SystemCall {
  readonly name: string
  /** The file, folder or socket that it is about, as strace names it; a path wherever there is one. */
  readonly object: string
  /** The new path of a rename or a link. */
  readonly target: string | undefined
  /** Everything between its parentheses. */
  readonly parameters: string
  /** What it returned: bytes, a descriptor, 0. */
  readonly result: number
  /** The lines, counted from 0, in which it began and ended; between two threads these alone tell what came first. */
  readonly begin: number
  readonly end: number
}

interface Begun {
  readonly name: string
  readonly begin: number
  readonly parameters: string
}

/**
 * Reads what `strace -f -yy -o FILE` wrote. Calls that failed, that never ended, and lines about signals and exits are
 * left out; calls that were interrupted by those of other threads are put together again.
 */
export function parseTrace(text: string): SystemCall[] {
  const unfinished = new Map<string, Begun>()
  const calls: SystemCall[] = []
  text.split('\n').forEach((line, number) => {
    const [, thread = '', said = ''] = /^(\d+) +(?:[\d:.]+ )?(.*)$/.exec(line) ?? []
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/.exec(said)
    const started = resumed ? undefined : /^(\w+)\((.*)$/.exec(said)
    const begun: Begun | undefined = started
      ? { name: started[1] as string, begin: number, parameters: started[2] as string }
      : unfinished.get(thread)
    if (!begun) return
    const all = resumed ? begun.parameters + resumed[2] : begun.parameters
    if (/<unfinished \.\.\.>$/.test(all)) {
      unfinished.set(thread, { ...begun, parameters: all.replace(/ ?<unfinished \.\.\.>$/, '') })
      return
    }
    unfinished.delete(thread)
    const ended = endCall({ ...begun, parameters: all }, number)
    if (ended) calls.push(ended)
  })
  return calls
}

function endCall({ name, begin, parameters: text }: Begun, end: number): SystemCall | undefined {
  const [, parameters, result] = /^(.*)\) += (\d+)(?:<.*>)?(?: \(.*\))?$/.exec(text) ?? []
  if (parameters === undefined) return undefined
  const paths = [...parameters.matchAll(/"((?:[^"\\]|\\.)*)"(?!\.)/g)].map(([, path]) => path as string)
  const opened = /\) += \d+<(.*)>$/.exec(text)?.[1]
  return {
    name,
    begin,
    end,
    parameters,
    result: Number(result),
    object: opened ?? describedObject(parameters) ?? paths[0] ?? '',
    target: /^(rename|link)/.test(name) ? paths[1] : undefined,
  }
}

/** What strace says of a descriptor that is the first parameter: `7</a/path>` or `7<TCP:[1.2.3.4:5->6.7.8.9:10]>`. */
function describedObject(parameters: string): string | undefined {
  return /^\d+<((?:TCP|TCPv6|UNIX[A-Z-]*):\[.*?\]|[^>]*)>/.exec(parameters)?.[1]
}
