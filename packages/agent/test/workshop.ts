import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@vieter/api'
import type { BuilderImages } from '../src/builder-image.ts'
import type { Workshop } from '../src/run-lease.ts'
import { type DummyEngine, dummyEngine } from './dummy-engine.ts'
import { type StubServer, stubServer } from './stub-server.ts'

export const apiKey = 'the-api-key-of-the-server'

export interface TestWorkshop extends Workshop {
  engine: DummyEngine
  server: StubServer
}

/** An agent's workshop with a dummy engine, at a stub server. */
export async function testWorkshop(): Promise<TestWorkshop> {
  const server = await stubServer()
  const images: BuilderImages = { get: async () => 'builder-image', settled: async () => undefined }
  return {
    engine: dummyEngine(),
    server,
    images,
    client: createClient({ address: server.address, apiKey }),
    agent: 'test',
    address: server.address,
    apiKey,
    network: 'bridge',
    proxyHost: undefined,
    folder: await mkdtemp(join(tmpdir(), 'vieter-test-')),
    buildMemory: 0,
    maxBuildSize: 1_000_000,
    maxLogSize: 1_000_000,
    allowLocalSources: false,
  }
}
