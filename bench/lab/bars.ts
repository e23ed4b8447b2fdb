/** What was promised, what was measured, and whether that keeps the promise. */
export interface Bar {
  readonly promise: string
  readonly figure: string
  readonly holds: boolean
}

/** The exit code of a benchmark that ran to its end and missed a bar. */
const missedExitCode = 2

/** Prints the bars of a benchmark, and has the process end with 2 when one of them was missed. */
export function printBars(bars: readonly Bar[]): void {
  const lines = bars.map(
    ({ promise, figure, holds }) => `- ${holds ? 'holds' : '**missed**'}: ${promise}; measured: ${figure}`,
  )
  console.log(`\n${lines.join('\n')}`)
  if (bars.some(({ holds }) => !holds)) process.exitCode = missedExitCode
}
