import type { PackageFile } from './forge.ts'
import { makePackages } from './packages.ts'

/** Every field that a PKGBUILD can set, scripts, and every kind of file that a package can hold. */
const full = `pkgname=corpus-full
epoch=3
pkgver=1.2.rc3+4_5
pkgrel=6.7
pkgdesc='Says «grüß dich» — 你好,   with $signs, %percent% and "quotes"'
arch=(x86_64)
url='https://example.org/a?b=c&d=%20'
license=('GPL-3.0-or-later' 'custom: my licence')
groups=('corpus' 'base-devel')
depends=('glibc>=2.38' 'sh' 'libfoo.so=1-64' 'epoch>=1:2.0-1')
optdepends=('cowsay: for a cow, a = b: c' 'bare')
makedepends=('git' 'cmake>3')
checkdepends=('bats' 'python=3.11')
provides=('hello=1:2.0' 'libhello.so=1-64')
conflicts=('hello<2' 'hi')
replaces=('hello-old<=9' 'hallo')
backup=('etc/corpus.conf' 'etc/with a blank.conf')
install=corpus.install
changelog=corpus.changelog
options=('!strip' '!zipman' 'emptydirs' '!debug')
package() {
  cd "$pkgdir"
  install -d usr/bin usr/share/empty 'usr/share/with a blank' usr/share/ünïcode/日本 etc dev
  printf '#!/bin/sh\\necho hello\\n' > usr/bin/hello
  chmod 4755 usr/bin/hello
  ln usr/bin/hello usr/bin/hello-hard
  ln -s hello usr/bin/hello-soft
  ln -s /nowhere/at/all "usr/share/with a blank/dangling link"
  echo text > usr/share/ünïcode/日本/ñandú
  : > usr/share/.hidden
  head -c 70000 /dev/zero > usr/share/zeros
  echo conf | tee etc/corpus.conf > 'etc/with a blank.conf'
  touch 'usr/share/with a blank/back\\slash' "usr/share/#hash=equals'quote"
  install -d "usr/share/$(printf 'deep-directory/%.0s' {1..12})"
  touch "usr/share/$(printf 'deep-directory/%.0s' {1..12})$(printf 'n%.0s' {1..180})"
  mknod dev/corpus-null c 1 3
  mknod dev/corpus-loop b 7 0
  mkfifo dev/corpus-pipe
}
`

/** One source, three packages: with fields of their own, with those of the pkgbase, and for any architecture. */
const split = `pkgbase=corpus-split
pkgname=(corpus-split corpus-split-docs lib32-corpus@split+x)
pkgver=20231224
pkgrel=1
pkgdesc='Of the pkgbase'
arch=(x86_64)
url='https://example.org/'
license=(MIT)
depends=(glibc)
makedepends=(git)
options=('!debug')
package_corpus-split() {
  install -D /dev/null "$pkgdir/usr/lib/split"
}
package_corpus-split-docs() {
  pkgdesc='Its own'
  arch=(any)
  depends=()
  optdepends=('corpus-split: what it is about')
  install -D /dev/null "$pkgdir/usr/share/doc/split"
}
package_lib32-corpus@split+x() {
  provides=(corpus-split)
  conflicts=(corpus-split)
}
`

/** A package that says as little as makepkg allows, and installs nothing. */
const empty = `pkgname=corpus-empty
pkgver=0
pkgrel=1
arch=(any)
options=('!debug')
package() { :; }
`

const scripts = {
  'corpus.install': 'post_install() {\n  echo "%NAME%"\n}\n',
  'corpus.changelog': '2023-12-24  Grüße\n\n\t* %FILES%\n',
}

/** Makes one package of each kind with real makepkg and writes them into the folder. Takes about five seconds. */
export async function makeCorpus(folder: string): Promise<PackageFile[]> {
  const packages: PackageFile[] = []
  for (const pkgbuild of [full, split, empty]) {
    packages.push(...(await makePackages(pkgbuild, scripts, folder)))
  }
  return packages
}
