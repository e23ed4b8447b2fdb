import { checkBranch, checkSourcePath, checkSourceUrl, type Lease } from '@vieter/api'
import { BuildFailure, exitCodes } from './build-failure.ts'
import { asBuilder, builderHome, script } from './commands.ts'
import { captureStep, runStep, type Workplace } from './steps.ts'

type Source = Pick<Lease, 'kind' | 'url' | 'branch' | 'path'>

const sourceFolder = `${builderHome}/source`
const maxPkgbuildSize = 4 * 1024 * 1024

/** Checks what the server should have checked: nothing of it may be an option, a local path or another protocol. */
export function checkSource(source: Source, allowLocal: boolean): void {
  checkSourceUrl(source.kind, source.url, { allowLocal })
  checkBranch(source.branch)
  checkSourcePath(source.path)
}

/** Brings the source into the container; the folder of its PKGBUILD. Throws BuildFailure. */
export async function fetchSource(place: Workplace, source: Source, allowLocal: boolean): Promise<string> {
  checkSource(source, allowLocal)
  if (source.kind === 'url') {
    await runStep(place, 'making a folder for the source', asBuilder(['mkdir', '--', sourceFolder]))
    await runStep(place, `fetching ${withoutCredentials(source.url)}`, curlCommand(source.url, allowLocal))
    return sourceFolder
  }
  await runStep(place, `cloning ${withoutCredentials(source.url)}`, gitCommand(source, allowLocal))
  return findFolder(place, source.path)
}

function gitCommand({ url, branch }: Source, allowLocal: boolean) {
  const named = branch === '' ? [] : ['--branch', branch]
  return asBuilder(['git', 'clone', '--single-branch', '--depth', '1', ...named, '--', url, sourceFolder], {
    environment: {
      GIT_ALLOW_PROTOCOL: `http:https:ssh:git${allowLocal ? ':file' : ''}`,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new',
    },
  })
}

function curlCommand(url: string, allowLocal: boolean) {
  const protocols = `=http,https${allowLocal ? ',file' : ''}`
  return asBuilder([
    ...(['curl', '--disable', '--globoff', '--fail', '--location', '--silent', '--show-error'] as const),
    ...['--proto', protocols, '--proto-redir', '=http,https', '--max-time', '300'],
    ...['--max-filesize', String(maxPkgbuildSize), '--output', `${sourceFolder}/PKGBUILD`],
    ...['--url', url.startsWith('/') ? `file://${url}` : url],
  ])
}

/** The folder, its links resolved; exit codes say what is wrong with it. */
const folderScript = `cd -P -- "$1/$2" 2>/dev/null || exit 3
case "$PWD/" in "$1"/*) ;; *) exit 4 ;; esac
[ -f PKGBUILD ] || exit 5
printf %s "$PWD"`

async function findFolder(place: Workplace, path: string): Promise<string> {
  const { exitCode, text } = await captureStep(place, asBuilder(script(folderScript, sourceFolder, path)))
  if (exitCode === 0 && text.startsWith(sourceFolder)) return text
  const shown = path === '' ? 'The root of the source' : `The path ${JSON.stringify(path)}`
  const reasons: Readonly<Record<number, string>> = {
    3: 'is not a folder of the source',
    4: 'leads out of the source',
    5: 'holds no PKGBUILD',
  }
  throw new BuildFailure(exitCodes.agentFailed, `${shown} ${reasons[exitCode] ?? 'cannot be used'}.`, {
    hint: 'Correct the target with `vieter targets edit ID --path PATH`.',
  })
}

/** An address fit for a log: a user and a password in it are left out. */
function withoutCredentials(address: string): string {
  const url = URL.parse(address)
  if (!url || (url.username === '' && url.password === '')) return address
  url.username = ''
  url.password = ''
  return url.href
}
