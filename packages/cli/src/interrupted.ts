/** Exit codes of a command that a signal ends, as a shell has them: 128 and the number of the signal. */
const exitCodeOfSignal = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

export type EndingSignal = keyof typeof exitCodeOfSignal
export type SignalExitCode = (typeof exitCodeOfSignal)[EndingSignal]

/** A signal asked the command to end. */
export class Interrupted extends Error {
  readonly exitCode: SignalExitCode

  constructor(signal: EndingSignal) {
    super(`Interrupted by ${signal}.`)
    this.name = 'Interrupted'
    this.exitCode = exitCodeOfSignal[signal]
  }
}
