// Who may import whom. Each rule says why; e2e/boundaries.test.ts shows that they bite.
const room = (name) => `^packages/${name}/`
const only = (from, allowed, comment) => ({
  name: `${from}-imports-only-${allowed.join('-') || 'nothing'}`,
  comment,
  severity: 'error',
  from: { path: `${room(from)}src/` },
  to: { path: '^packages/', pathNot: [from, ...allowed].map(room) },
})
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle makes two files one.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    only('alpm', [], 'The formats stand alone, so that anyone can use and test them alone.'),
    only('api', [], 'The contract runs in a browser too.'),
    only('config', ['api'], 'Settings need the error type and the syntax of schedules, nothing else.'),
    only('server', ['alpm', 'api', 'config'], 'Products meet over HTTP alone.'),
    only('agent', ['alpm', 'api', 'config'], 'Products meet over HTTP alone.'),
    {
      name: 'formats-and-contract-are-pure',
      comment:
        'alpm, api and config have no clock, environment, files, network or processes; values are passed in.',
      severity: 'error',
      from: { path: '^packages/(alpm|api|config)/src/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'cli-loads-products-lazily',
      comment: 'A command must not pay for, or depend on, the server and the agent unless it runs them.',
      severity: 'error',
      from: { path: '^packages/cli/src/' },
      to: { path: '^packages/(server|agent)/', dependencyTypesNot: ['dynamic-import'] },
    },
    {
      name: 'cli-loads-products-in-commands-that-run-them',
      comment:
        'Only `server`, `agent`, a local `targets build` and the tools of the data folder (docs/adr/0006) run a product in this process.',
      severity: 'error',
      from: {
        path: '^packages/cli/src/',
        pathNot: '^packages/cli/src/commands/(server|agent|build-here|check|mirror|backup|restore)\\.ts$',
      },
      to: { path: '^packages/(server|agent)/' },
    },
    {
      name: 'http-calls-services',
      comment: 'http decodes, calls one service, encodes; it never reaches past the services.',
      severity: 'error',
      from: { path: '^packages/server/src/http/' },
      to: {
        path: '^packages/server/src/(store|blobs|databases|signing|archives)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'services-never-see-http',
      comment: 'A verb must work the same for a route, a schedule and a test.',
      severity: 'error',
      from: { path: '^packages/server/src/(services|domain|store|blobs|databases|signing|archives)/' },
      to: { path: ['^packages/server/src/http/', '^node_modules/fastify', 'node_modules/fastify'] },
    },
    {
      name: 'drivers-know-no-services',
      comment: 'Stores, blobs, databases and archives are below the services that use them.',
      severity: 'error',
      from: { path: '^packages/server/src/(store|blobs|databases|signing|archives)/' },
      to: { path: '^packages/server/src/services/' },
    },
    {
      name: 'domain-is-pure',
      comment: 'Decisions are pure: only the formats, the contract’s values and types.',
      severity: 'error',
      from: { path: '^packages/server/src/domain/' },
      to: {
        pathNot: ['^packages/(alpm|api)/', '^packages/server/src/domain/'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nothing-imports-main',
      comment: 'main, and tools beside it, are where a process begins; what others need lives elsewhere.',
      severity: 'error',
      from: { path: '^packages/', pathNot: '^packages/cli/src/commands/' },
      to: { path: '^packages/[^/]+/src/(main|tools)\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js'],
    },
    parser: 'swc',
  },
}
