/** Chunks that come by themselves, to be read one after the other. */
export interface ChunkQueue extends AsyncIterable<Uint8Array> {
  push(chunk: Uint8Array): void
  /** No more will come. */
  end(): void
  /** The reader gets the fault instead of all that it has not read yet. */
  fail(fault: Error): void
}

/** Makes a queue for one reader; `taken` is called for each chunk once the reader asks for the next. */
export function chunkQueue(taken: () => void): ChunkQueue {
  const chunks: Uint8Array[] = []
  let ended = false
  let failure: Error | undefined
  let wake = (): void => {}

  async function* read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (failure) throw failure
      const chunk = chunks.shift()
      if (chunk) {
        yield chunk
        taken()
      } else if (ended) {
        return
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
  }

  return {
    [Symbol.asyncIterator]: read,
    push(chunk) {
      chunks.push(chunk)
      wake()
    },
    end() {
      ended = true
      wake()
    },
    fail(fault) {
      failure = fault
      wake()
    },
  }
}
