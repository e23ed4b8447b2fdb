const isTerminal = process.stderr.isTTY

/** Shows on the terminal what is being done. What a benchmark prints on standard output is its result. */
export function showStep(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** Shows how far something has come: on a terminal at each fiftieth of it, in a log at each tenth. */
export function showProgress(text: string, done: number, total: number): void {
  const step = Math.ceil(total / (isTerminal ? 50 : 10))
  if (done % step !== 0 && done !== total) return
  const line = `${text}: ${done} of ${total}`
  if (!isTerminal) process.stderr.write(`${line}\n`)
  else process.stderr.write(`\r\x1b[K${line}${done === total ? '\n' : ''}`)
}
