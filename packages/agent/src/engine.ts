/** Takes bytes as they come; the giver waits for it, so that a slow taker slows the giver down. */
export type Sink = (bytes: Uint8Array) => Promise<void> | void

/** One program run inside a container. No shell is put around it. */
export interface Command {
  argv: readonly [string, ...string[]]
  user: 'root' | 'builder'
  folder?: string
  environment?: Readonly<Record<string, string>>
}

export interface ContainerSpec {
  /** Unique on the engine. */
  name: string
  image: string
  /** A network of the engine. */
  network: string
  /** Bytes; 0: no limit. */
  memory: number
  labels: Readonly<Record<string, string>>
  /** Seconds after which the container ends by itself, should its agent have died. */
  lifetime: number
}

/** A running container that does nothing by itself. Everything throws once the signal it was started with is aborted. */
export interface Container {
  /** The address of the engine's machine on the container's network, where the engine knows one. */
  readonly gateway: string | undefined
  /** Runs a program to its end, handing out its output in the order in which it was printed; its exit code. */
  run(command: Command, output: { stdout: Sink; stderr: Sink }): Promise<number>
  /** Writes a file owned by root into an existing folder. */
  putFile(folder: string, name: string, text: string): Promise<void>
  /** Kills every process in the container. Its files stay. */
  halt(): Promise<void>
  /** A folder as a tar archive, hostile; undefined when there is none. */
  readFolder(path: string): Promise<AsyncIterable<Uint8Array> | undefined>
  /** Makes an image of the container's files; it inherits the container's labels. */
  commit(image: string): Promise<void>
  /** Kills and removes the container. Removing it again does nothing. */
  remove(): Promise<void>
}

export interface Image {
  id: string
  labels: Readonly<Record<string, string>>
}

/** A container engine, as far as the agent needs one. Throws ENGINE_UNREACHABLE when it does not answer. */
export interface Engine {
  describe(): Promise<{ name: string; version: string }>
  findImage(name: string): Promise<Image | undefined>
  /** Pulls an image from its registry; throws BuildFailure with the engine's reason. */
  pullImage(name: string, output: Sink, signal: AbortSignal): Promise<void>
  /** Removes an image, unless something uses it. */
  removeImage(id: string): Promise<void>
  /** Removes the containers that an earlier run of this agent left, and ended ones of any; how many. */
  removeLeftovers(agent: string): Promise<number>
  /** Starts a container. An abort of the signal kills and removes it. */
  start(spec: ContainerSpec, signal: AbortSignal): Promise<Container>
}

/** The label that names the agent which a container belongs to. */
export const agentLabel = 'vieter.agent'
