import { type PolicyName, policyTable } from '@vieter/api'

/** Who reads a setting: `vieter server`, `vieter agent`, or the commands that talk to a server. */
type Reader = 'server' | 'agent' | 'client'

interface SettingBase {
  readBy: readonly Reader[]
  description: string
  /** Never shown, never logged. */
  secret?: true
  /** Takes protection away and belongs into laboratories only; its use is warned about at start. */
  laboratory?: true
}

/** One setting: its type with its bounds, its default (none: it may be left out), who reads it, and what it does. */
export type Setting = SettingBase &
  (
    | { type: 'text'; default?: string; choices?: readonly string[]; pattern?: RegExp; patternHint?: string }
    | { type: 'integer'; default?: number; min: number; max: number; unit?: string }
    | { type: 'boolean'; default: boolean }
    | { type: 'schedule'; default: string }
    | { type: 'time zone'; default?: string }
  )

const architecture = {
  pattern: /^(?!any$)[A-Za-z0-9_]{1,32}$/,
  patternHint: 'an architecture such as x86_64, never any',
}
const address = { pattern: /^https?:\/\/[^\s?#]+$/, patternHint: 'an http or https address without a query' }

/** What repositories do that have no policy of their own: the policies of the contract, as settings. */
const policyDefaults = {
  access: policyDefault('access'),
  archs: policyDefault('archs'),
  same_version: policyDefault('same_version'),
  downgrade: policyDefault('downgrade'),
  official_names: policyDefault('official_names'),
  debug_packages: policyDefault('debug_packages'),
} as const

function policyDefault<N extends PolicyName>(name: N) {
  const { description, ...values } = policyTable[name]
  return {
    type: 'text',
    ...values,
    readBy: ['server'],
    description: `${description} For repositories without a policy of their own (\`vieter repos config\`).`,
  } as const
}

/** The shape alone: the server reads each address at its start. */
const addressList = {
  pattern: /^(loopback|[0-9A-Fa-f:.]+(\/\d{1,3})?)( *, *(loopback|[0-9A-Fa-f:.]+(\/\d{1,3})?))*$/,
  patternHint: 'a comma list of addresses, networks such as 10.0.0.0/8, and `loopback`',
}

/** Every setting of Vieter, in the order of the reference. The names of 0.6 keep their meaning and their defaults. */
export const settings = {
  host: {
    type: 'text',
    default: '0.0.0.0',
    readBy: ['server'],
    description: 'The address that the server listens on. `127.0.0.1` keeps it to this machine.',
  },
  port: {
    type: 'integer',
    default: 8000,
    min: 0,
    max: 65_535,
    readBy: ['server'],
    description: 'The port that the server listens on; 0 takes a free one.',
  },
  base_path: {
    type: 'text',
    pattern: /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){1,16}$/,
    patternHint: 'a path such as /vieter, without a slash at its end',
    readBy: ['server'],
    description:
      'The path below which everything is served, for a reverse proxy that passes it on as it is. It belongs into `address` as well.',
  },
  trusted_proxies: {
    type: 'text',
    ...addressList,
    readBy: ['server'],
    description:
      'The reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Nobody else’s are.',
  },
  accel_redirect: {
    type: 'text',
    pattern: /^\/([A-Za-z0-9_~-][A-Za-z0-9._~-]*\/){1,16}$/,
    patternHint: 'a path such as /internal/, with a slash at its end',
    readBy: ['server'],
    description:
      'Leave the sending of packages to nginx: the proxies of `trusted_proxies` are answered with an `X-Accel-Redirect` to this path, below which they find the files of `pkg_dir`.',
  },
  max_connections_per_address: {
    type: 'integer',
    default: 256,
    min: 0,
    max: 1_000_000,
    readBy: ['server'],
    description:
      'How many connections one address may hold; more are closed at once. 0: no limit. There is none for `trusted_proxies`.',
  },
  header_timeout: {
    type: 'integer',
    default: 10,
    min: 1,
    max: 3600,
    unit: 'seconds',
    readBy: ['server'],
    description: 'How long a client may take to send the head of a request, from its first byte to its last.',
  },
  idle_timeout: {
    type: 'integer',
    default: 120,
    min: 1,
    max: 86_400,
    unit: 'seconds',
    readBy: ['server'],
    description:
      'How long a connection may stand still when it is the client’s turn to send or to take something. However slow, one that moves is kept.',
  },
  log_level: {
    type: 'text',
    default: 'WARN',
    choices: ['FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG'],
    readBy: ['server', 'agent'],
    description: 'How much is logged, as JSON lines on standard error.',
  },
  data_dir: {
    type: 'text',
    default: './data',
    readBy: ['server', 'agent'],
    description: 'The folder that holds the SQL store, the logs, the databases and the API key.',
  },
  pkg_dir: {
    type: 'text',
    readBy: ['server'],
    description: 'The folder that holds the packages; default: `packages` inside `data_dir`.',
  },
  api_key: {
    type: 'text',
    secret: true,
    pattern: /^[\x21-\x7e]{1,512}$/,
    patternHint: '1 to 512 printable ASCII characters without blanks',
    readBy: ['server', 'agent', 'client'],
    description:
      'What commands and agents show the server: a token (`vieter tokens create`), or the API key, which may do everything. For the server: the API key itself. A server without one makes its own at the first start and keeps it in `api-key` inside `data_dir`, readable by its owner alone.',
  },
  default_arch: {
    type: 'text',
    default: 'x86_64',
    ...architecture,
    readBy: ['server'],
    description: 'The architecture of targets that name none. Packages of arch `any` always go to it too.',
  },
  global_schedule: {
    type: 'schedule',
    default: '0 3',
    readBy: ['server'],
    description: 'When targets without a schedule of their own are built: `minute hour [day [month]]`.',
  },
  time_zone: {
    type: 'time zone',
    readBy: ['server', 'client'],
    description:
      'The time zone whose clocks all schedules go by, such as `Europe/Berlin`; default: the machine’s own.',
  },
  schedule_jitter: {
    type: 'integer',
    default: 60,
    min: 0,
    max: 3600,
    unit: 'seconds',
    readBy: ['server'],
    description:
      'Targets of one schedule are queued over this span, each always the same while after its time, so that they don’t all ask the same hosts at once. 0: all at their time.',
  },
  base_image: {
    type: 'text',
    default: 'archlinux:base-devel',
    pattern: /^[a-z0-9][A-Za-z0-9._/:@-]{0,254}$/,
    patternHint: 'the name of an image such as archlinux:base-devel',
    readBy: ['server', 'client'],
    description: 'The image that builder images are made from: any with pacman and makepkg.',
  },
  default_build_timeout: {
    type: 'integer',
    default: 3600,
    min: 1,
    max: 604_800,
    unit: 'seconds',
    readBy: ['server'],
    description: 'How long a build may take before it is stopped.',
  },
  max_log_age: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 36_500,
    unit: 'days',
    readBy: ['server'],
    description: 'Logs of builds that ended longer ago are removed; 0 keeps all.',
  },
  log_removal_schedule: {
    type: 'schedule',
    default: '0 0',
    readBy: ['server'],
    description: 'When old logs are removed.',
  },
  collect_metrics: {
    type: 'boolean',
    default: false,
    readBy: ['server'],
    description: 'Collect metrics and serve them at `/api/v1/metrics` for Prometheus.',
  },
  database_md5sum: {
    type: 'boolean',
    default: false,
    readBy: ['server'],
    description:
      'Databases also name the MD5 sum of each package (`%MD5SUM%`), for old tools that know no other; of packages published while this is on. pacman uses the SHA-256 sum.',
  },
  database_pgpsig: {
    type: 'boolean',
    default: false,
    readBy: ['server'],
    description:
      'Databases also hold the signatures that packages were published with (`%PGPSIG%`), for clients that fetch no `.sig` files. pacman since 6 fetches them, and finds a database without them 2.8 times smaller.',
  },
  max_package_size: {
    type: 'integer',
    default: 8192,
    min: 1,
    max: 1_048_576,
    unit: 'MiB',
    readBy: ['server'],
    description: 'The largest package file that is taken.',
  },
  ...policyDefaults,
  keep_days: {
    type: 'integer',
    default: 7,
    min: 0,
    max: 36_500,
    unit: 'days',
    readBy: ['server'],
    description:
      'How long the file of a replaced or removed package is still served, for clients that hold an older database.',
  },
  keep_versions: {
    type: 'integer',
    default: 2,
    min: 1,
    max: 1000,
    readBy: ['server'],
    description:
      'How many versions of each package that a repository holds are kept, the current one included, however old they are.',
  },
  split_leftovers: {
    type: 'text',
    default: 'report',
    choices: ['report', 'remove'],
    readBy: ['server'],
    description:
      'What becomes of a package that a newer version of its pkgbase, published in one commit or by a build, has no more: `report` names it in the answer and keeps it, `remove` also takes it away in the same commit.',
  },
  publication_timeout: {
    type: 'integer',
    default: 21_600,
    min: 1,
    max: 604_800,
    unit: 'seconds',
    readBy: ['server'],
    description:
      'How long a publication of several packages waits for the next of them, or for its commit, before it is thrown away.',
  },
  max_unpacked_size: {
    type: 'integer',
    default: 65_536,
    min: 1,
    max: 16_777_216,
    unit: 'MiB',
    readBy: ['server'],
    description: 'The largest size of a package’s contents that is taken, against archives that explode.',
  },
  max_unpack_ratio: {
    type: 'integer',
    default: 1000,
    min: 10,
    max: 1_000_000,
    readBy: ['server'],
    description:
      'How many times as large as its file a package’s contents may be, against archives that explode; counted from 1 GiB of contents on.',
  },
  max_package_files: {
    type: 'integer',
    default: 500_000,
    min: 1,
    max: 2_000_000,
    readBy: ['server'],
    description: 'How many files, folders and links a package may hold.',
  },
  max_window_size: {
    type: 'integer',
    default: 128,
    min: 8,
    max: 1024,
    unit: 'MiB',
    readBy: ['server'],
    description:
      'The largest window (zstd) or dictionary (xz, lzip) that a package may be compressed with. pacman takes zstd windows of 128 MiB at most, and so does the server.',
  },
  decoder_memory: {
    type: 'integer',
    default: 256,
    min: 8,
    max: 65_536,
    unit: 'MiB',
    readBy: ['server'],
    description:
      'How much memory the windows and dictionaries of all packages that are being uploaded may take together. An upload that finds none left waits in turn; a package that needs more than all of it is refused.',
  },
  disk_reserve: {
    type: 'integer',
    default: 256,
    min: 0,
    max: 1_048_576,
    unit: 'MiB',
    readBy: ['server'],
    description:
      'How much of the disks under `data_dir` and `pkg_dir` stays free: a package that would take from it is refused, and everything else goes on. 0 lets them fill up.',
  },
  max_log_size: {
    type: 'integer',
    default: 64,
    min: 1,
    max: 4096,
    unit: 'MiB',
    readBy: ['server', 'agent'],
    description: 'The largest log of one build; what a build prints beyond it is cut off.',
  },
  lease_duration: {
    type: 'integer',
    default: 60,
    min: 2,
    max: 3600,
    unit: 'seconds',
    readBy: ['server'],
    description: 'How long an agent may stay silent before its job goes back to the queue.',
  },
  address: {
    type: 'text',
    default: 'http://127.0.0.1:8000',
    ...address,
    readBy: ['server', 'agent', 'client'],
    description:
      'Where the server is found. The server prints it in the lines for pacman.conf; agents and commands connect to it.',
  },
  arch: {
    type: 'text',
    ...architecture,
    readBy: ['agent'],
    description: 'The architecture that the agent builds for; default: the machine’s own.',
  },
  agent_name: {
    type: 'text',
    pattern: /^[A-Za-z0-9._-]{1,64}$/,
    patternHint: 'letters, digits, dot, dash and underscore',
    readBy: ['agent'],
    description:
      'The name under which the agent leases jobs, and by which it knows its containers: no two agents on one engine may share it. Default: the host’s name.',
  },
  max_concurrent_builds: {
    type: 'integer',
    default: 1,
    min: 1,
    max: 64,
    readBy: ['agent'],
    description: 'How many builds the agent runs at once.',
  },
  polling_frequency: {
    type: 'integer',
    default: 30,
    min: 1,
    max: 3600,
    unit: 'seconds',
    readBy: ['agent'],
    description:
      'How long the agent waits before it asks again when the server did not answer. Asking itself is a held request, so that a job starts at once.',
  },
  image_rebuild_frequency: {
    type: 'integer',
    default: 1440,
    min: 1,
    max: 525_600,
    unit: 'minutes',
    readBy: ['agent'],
    description: 'How old a builder image may be before it is made anew from its base image.',
  },
  engine_socket: {
    type: 'text',
    readBy: ['agent', 'client'],
    description:
      'The container engine: the path of its socket, or a `tcp://` address. Default: `DOCKER_HOST`, else /var/run/docker.sock, else Podman’s socket.',
  },
  network: {
    type: 'text',
    default: 'bridge',
    pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/,
    patternHint: 'the name of a network of the engine',
    readBy: ['agent', 'client'],
    description:
      'The network of the engine that builds run in. `host` gives builds every service of this machine’s loopback: for laboratories only.',
  },
  proxy_host: {
    type: 'text',
    pattern: /^[A-Za-z0-9.:_-]{1,255}$/,
    patternHint: 'an IP address of this machine that containers reach',
    readBy: ['agent', 'client'],
    description:
      'The address on which the agent opens the read-only proxy for its builds; default: the gateway of the engine’s network.',
  },
  build_memory: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 16_777_216,
    unit: 'MiB',
    readBy: ['agent', 'client'],
    description: 'The memory that one build may use; 0: no limit.',
  },
  max_build_size: {
    type: 'integer',
    default: 16_384,
    min: 1,
    max: 1_048_576,
    unit: 'MiB',
    readBy: ['agent', 'client'],
    description: 'The size of all packages of one build together that the agent takes out of its container.',
  },
  allow_local_sources: {
    type: 'boolean',
    default: false,
    laboratory: true,
    readBy: ['server', 'agent', 'client'],
    description: 'Also take targets with `file:` addresses and local paths.',
  },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof settings

type ValueOf<S extends Setting> = S extends { type: 'integer' }
  ? number
  : S extends { type: 'boolean' }
    ? boolean
    : string

/** The values of all settings; those without a default are undefined when they were not given. */
export type Settings = {
  readonly [N in SettingName]:
    | ValueOf<(typeof settings)[N]>
    | ((typeof settings)[N] extends { default: unknown } ? never : undefined)
}
