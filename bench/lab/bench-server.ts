import { startServer, type VieterServer } from '../../e2e/lab/vieter.ts'

/** Starts a server that counts its event loop's delay. */
export function startBenchServer(dataFolder: string, port?: number): Promise<VieterServer> {
  return startServer({
    dataFolder,
    settings: { VIETER_LOG_LEVEL: 'ERROR', VIETER_COLLECT_METRICS: 'true' },
    ...(port === undefined ? {} : { port }),
  })
}
