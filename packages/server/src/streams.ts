interface Interruptible<T> extends AsyncIterable<T> {
  /** Ends the reading: whoever waits for the next value, or asks for it later, gets the fault. */
  interrupt(fault: Error): void
}

/** A stream, to be read once, whose reading can be ended while its source is being waited for. */
export function interruptible<T>(values: AsyncIterable<T>): Interruptible<T> {
  const iterator = values[Symbol.asyncIterator]()
  let failure: Error | undefined
  let fail = (_fault: Error): void => {}
  // Not waited for: the source may hang on something that never comes.
  const letGo = (): void => void iterator.return?.().then(undefined, () => {})
  return {
    interrupt(fault) {
      if (failure) return
      failure = fault
      fail(fault)
      letGo()
    },
    [Symbol.asyncIterator]: () => ({
      next: () =>
        new Promise((resolve, reject) => {
          fail = reject
          if (failure) reject(failure)
          else iterator.next().then(resolve, reject)
        }),
      async return() {
        letGo()
        return { done: true, value: undefined }
      },
    }),
  }
}
