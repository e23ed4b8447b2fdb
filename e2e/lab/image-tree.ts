import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { architecture } from './architecture.ts'
import { forgePackage, type PackageSpec, savePackage } from './forge.ts'
import { runChecked } from './processes.ts'

/** Where the image keeps its stand-in for Arch Linux's own repository. */
const coreFolder = 'srv/core'

const baseGroup = [
  'bash',
  'coreutils',
  'filesystem',
  'glibc',
  'gzip',
  'pacman',
  'sed',
  'shadow',
  'tar',
  'util-linux',
  'xz',
]
const develGroup = ['binutils', 'fakeroot', 'file', 'findutils', 'gawk', 'gettext', 'grep', 'patch', 'zstd']
const others = ['ca-certificates', 'curl', 'git', 'gnupg', 'openssh', 'openssl', 'sudo', 'which']

/**
 * Packages by the names of those whose programs the image has, empty but for a note: dependencies on them resolve,
 * and pacman has something to install (git) and to update (filesystem).
 */
const corePackages: readonly PackageSpec[] = [
  { name: 'base', version: '3-2', depends: baseGroup },
  { name: 'base-devel', version: '1-2', depends: [...develGroup, 'pacman', 'sed'] },
  ...[...baseGroup, ...develGroup, ...others].map((name) => ({
    name,
    version: name === 'filesystem' ? '2026.01.01-1' : '1000-1',
    arch: architecture,
    files: { [`usr/share/doc/${name}/laboratory`]: `${name} is a stand-in.\n` },
  })),
]

/** Writes all of the image that does not come from this machine: its folders, its configuration, its packages. */
export async function writeImageTree(root: string): Promise<void> {
  await makeFolders(root)
  for (const [path, { text, mode }] of Object.entries(configurationFiles())) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text, { mode })
  }
  await writeCoreRepository(join(root, coreFolder))
  await installBase(root)
}

async function makeFolders(root: string): Promise<void> {
  const folders =
    'proc sys dev run mnt opt home etc/pacman.d/hooks var/lib/pacman/local var/lib/pacman/sync var/cache/pacman/pkg var/log ' +
    'usr/bin usr/sbin usr/lib usr/lib64 usr/share srv/core'
  for (const folder of folders.split(' ')) await mkdir(join(root, folder), { recursive: true })
  await mkdir(join(root, 'root'), { mode: 0o700 })
  await mkdir(join(root, 'etc/pacman.d/gnupg'), { mode: 0o700 })
  for (const folder of ['tmp', 'var/tmp']) {
    await mkdir(join(root, folder))
    await runChecked('chmod', ['1777', join(root, folder)])
  }
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(root, name))
  // As on Arch Linux, where /bin/sh is bash.
  await symlink('bash', join(root, 'usr/bin/sh'))
}

function configurationFiles(): Record<string, { text: string; mode: number }> {
  const permitting = 'auth account password session'
    .split(' ')
    .map((kind) => `${kind} sufficient pam_${kind === 'auth' ? 'rootok' : 'permit'}.so\n`)
    .join('')
  const texts: Record<string, string> = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/bin/nologin\n',
    'etc/group': 'root:x:0:\ntty:x:5:\nnobody:x:65534:\n',
    'etc/login.defs':
      'UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\nUMASK 077\nUSERGROUPS_ENAB yes\n',
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n',
    'etc/os-release': 'NAME="Vieter laboratory"\nID=vieter-lab\nID_LIKE=arch\n',
    'etc/profile': 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/bin:/usr/sbin\n',
    'etc/pam.d/su': permitting,
    'etc/pam.d/su-l': permitting,
    'etc/pam.d/runuser': permitting,
    'etc/pam.d/runuser-l': permitting,
    'etc/pam.d/other': permitting,
    'etc/pacman.conf': pacmanConfiguration,
    'etc/makepkg.conf': makepkgConfiguration(),
  }
  const secret = {
    'etc/shadow': 'root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n',
    'etc/gshadow': '',
  }
  return {
    ...Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, { text, mode: 0o644 }])),
    ...Object.fromEntries(Object.entries(secret).map(([path, text]) => [path, { text, mode: 0o600 }])),
  }
}

/** That of Arch Linux, with one unsigned repository. */
const pacmanConfiguration = `[options]
HoldPkg = pacman glibc
Architecture = auto
CheckSpace
ParallelDownloads = 5
SigLevel = Required DatabaseOptional
LocalFileSigLevel = Optional

[core]
SigLevel = Never
Server = file:///${coreFolder}
`

function makepkgConfiguration(): string {
  return `CARCH="${architecture}"
CHOST="${architecture}-pc-linux-gnu"
DLAGENTS=('file::/usr/bin/curl -qgC - -o %o %u'
          'http::/usr/bin/curl -qgb "" -fLC - --retry 3 --retry-delay 3 -o %o %u'
          'https::/usr/bin/curl -qgb "" -fLC - --retry 3 --retry-delay 3 -o %o %u')
VCSCLIENTS=('git::git')
BUILDENV=(!distcc color !ccache check !sign)
OPTIONS=(strip docs !libtool !staticlibs emptydirs zipman purge !debug !lto)
INTEGRITY_CHECK=(sha256)
STRIP_BINARIES="--strip-all"
STRIP_SHARED="--strip-unneeded"
STRIP_STATIC="--strip-debug"
MAN_DIRS=(usr/share/man)
DOC_DIRS=(usr/share/doc)
PURGE_TARGETS=(usr/share/info/dir)
COMPRESSGZ=(gzip -c -f -n)
COMPRESSXZ=(xz -c -z -)
COMPRESSZST=(zstd -c -z -q -)
PKGEXT='.pkg.tar.zst'
SRCEXT='.src.tar.gz'
`
}

async function writeCoreRepository(folder: string): Promise<void> {
  const paths: string[] = []
  for (const spec of corePackages) paths.push(await savePackage(forgePackage(spec), folder))
  await runChecked('repo-add', ['--quiet', join(folder, 'core.db.tar.gz'), ...paths])
}

/** Lets real pacman fill the image's local database: base and base-devel are installed, and one package is outdated. */
async function installBase(root: string): Promise<void> {
  const folder = join(root, 'tmp/old')
  await mkdir(folder)
  const old = await savePackage(
    forgePackage({ name: 'filesystem', version: '2025.01.01-1', arch: architecture }),
    folder,
  )
  const wanted = corePackages.filter((one) => !others.includes(one.name) && one.name !== 'filesystem')
  const options = ['--root', root, '--dbpath', join(root, 'var/lib/pacman'), '--cachedir', folder]
  const configuration = join(folder, 'pacman.conf')
  await writeFile(configuration, `[options]\nArchitecture = ${architecture}\nSigLevel = Never\n`)
  const common = [...options, '--config', configuration, '--hookdir', folder, '--noconfirm']
  const logged = ['--logfile', join(root, 'var/log/pacman.log'), '--gpgdir', folder]
  const files = wanted.map((spec) => join(root, coreFolder, forgePackage(spec).filename))
  await runChecked('pacman', ['-U', ...common, ...logged, old, ...files])
  await runChecked('rm', ['-r', folder])
}
