import { glob, lstat, readFile, readlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { run } from './processes.ts'

const coreutils =
  'arch b2sum base32 base64 basename basenc cat chgrp chmod chown cksum comm cp csplit cut date dd df dirname du echo env ' +
  'expand expr false fmt fold groups head id install join link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice ' +
  'nl nohup nproc numfmt od paste pathchk pr printenv printf pwd readlink realpath rm rmdir seq sha1sum sha224sum ' +
  'sha256sum sha384sum sha512sum shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true ' +
  'truncate tsort tty uname unexpand uniq unlink wc who whoami yes ['

/** What makepkg, pacman, git and a person's build scripts call on any Arch Linux, by the name found on PATH. */
const programs = [
  ...coreutils.split(' '),
  ...'bash sed grep egrep fgrep awk find xargs diff cmp patch tar gzip gunzip zcat bzip2 xz unxz zstd'.split(
    ' ',
  ),
  ...'bsdtar bsdcat bsdcpio fakeroot fakeroot-sysv faked-sysv fakeroot-tcp faked-tcp curl git file strip objcopy objdump readelf nm'.split(
    ' ',
  ),
  ...'getopt gettext envsubst getent hostname ps kill which ip openssl gpg gpgv gpgconf gpg-agent'.split(' '),
  ...'useradd userdel usermod groupadd groupdel chpasswd su runuser setpriv unshare nsenter mount umount flock'.split(
    ' ',
  ),
  ...'pacman pacman-conf pacman-key repo-add repo-remove makepkg vercmp testpkg'.split(' '),
]

/** Files that no program's libraries lead to; `*` and `**` are wild. */
const patterns = [
  '/usr/lib/git-core/git-{remote-http,remote-https,submodule,sh-setup,sh-i18n,upload-pack}',
  '/usr/lib/git-core/git',
  '/usr/lib/*/libfakeroot/*.so',
  '/usr/lib/*/libnss_{files,dns}.so.2',
  '/usr/lib/*/security/pam_{permit,rootok,deny}.so',
  '/usr/share/git-core/templates/**',
  '/usr/share/makepkg/**',
  '/usr/share/pacman/**',
  '/usr/share/misc/magic.mgc',
  '/usr/lib/locale/C.utf8/**',
]

const searchPath = [
  ...new Set([...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin', '/sbin', '/bin']),
]
  .filter((folder) => folder.startsWith('/usr/') && !folder.startsWith('/usr/local/'))
  .concat('/usr/bin', '/usr/sbin')

/**
 * All files of this machine that an image needs to run the programs: the programs, the links that lead to them, and
 * the shared libraries that ldd(1) names. Programs that this machine does not have are left out.
 * Gives absolute paths as of a file system whose /bin, /sbin and /lib are links into /usr.
 */
export async function findImageFiles(): Promise<string[]> {
  const found = new Set<string>()
  for (const program of programs) {
    const path = await findProgram(program)
    if (path) await addWithLinks(found, path)
  }
  for (const pattern of patterns) {
    for await (const path of glob(pattern)) await addWithLinks(found, path)
  }
  for (const library of await findLibraries([...found])) await addWithLinks(found, library)
  return [...found].sort()
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of searchPath) {
    const path = join(folder, name)
    if (await lstat(path).catch(() => undefined)) return path
  }
  return undefined
}

/** Adds a file, and when it is a link, all that it leads over. Folders are left out: their files come by themselves. */
async function addWithLinks(found: Set<string>, start: string): Promise<void> {
  let path = mergeUsr(start)
  while (!found.has(path)) {
    const status = await lstat(path)
    if (status.isDirectory()) return
    found.add(path)
    if (!status.isSymbolicLink()) return
    path = mergeUsr(resolve(dirname(path), await readlink(path)))
  }
}

function mergeUsr(path: string): string {
  return path.replace(/^\/(bin|sbin|lib|lib64)\//, '/usr/$1/')
}

async function findLibraries(files: readonly string[]): Promise<Set<string>> {
  const binaries: string[] = []
  for (const file of files) if (await isElf(file)) binaries.push(file)
  // ldd ends with 1 when one of many is linked statically; what it prints for the others counts.
  const { stdout } = await run('ldd', binaries)
  const libraries = new Set<string>()
  for (const line of stdout.split('\n')) {
    const [, library] = /^\t(?:\S+ => )?(\/\S+) \(0x/.exec(line) ?? []
    if (library) libraries.add(library)
  }
  return libraries
}

async function isElf(path: string): Promise<boolean> {
  const status = await lstat(path)
  if (!status.isFile() || status.size < 4) return false
  return (await readFile(path)).subarray(0, 4).toString('latin1') === '\x7fELF'
}
