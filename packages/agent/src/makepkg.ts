import { FormatError, parseSrcinfo, type Srcinfo } from '@vieter/alpm'
import { BuildFailure, exitCodes } from './build-failure.ts'
import { asBuilder, builderHome, inLoginShell, script } from './commands.ts'
import { captureStep, runStep, testStep, type Workplace } from './steps.ts'

export const packagesFolder = `${builderHome}/packages`

/** makepkg in the folder of one PKGBUILD, run as the unprivileged builder. Everything that it prints is hostile. */
export interface Makepkg {
  readSrcinfo(): Promise<Srcinfo>
  /** Whether the PKGBUILD works out its own version, which is known only when its sources are there. */
  hasPkgver(): Promise<boolean>
  /** Fetches and checks the sources, runs prepare() and pkgver(). */
  fetchSources(): Promise<void>
  setPkgrel(pkgrel: string): Promise<void>
  build(): Promise<void>
}

export function openMakepkg(place: Workplace, folder: string, arch: string): Makepkg {
  const environment = {
    CARCH: arch,
    PACKAGER: 'Vieter <vieter@localhost>',
    PKGDEST: packagesFolder,
    PKGEXT: '.pkg.tar.zst',
  }
  const makepkg = (...options: string[]) =>
    asBuilder(inLoginShell('makepkg', '--nocolor', ...options), { folder, environment })
  const constant = (text: string, ...parameters: string[]) =>
    asBuilder(script(text, ...parameters), { folder, environment })
  return {
    async readSrcinfo() {
      const { exitCode, text } = await captureStep(place, makepkg('--printsrcinfo'))
      if (exitCode !== 0) {
        throw new BuildFailure(exitCode, `makepkg --printsrcinfo failed with exit code ${exitCode}.`)
      }
      return decodeSrcinfo(text)
    },
    hasPkgver: async () => {
      const asked = asBuilder(['/bin/bash', '-c', pkgverScript], { folder, environment })
      return (await testStep(place, asked)) === 0
    },
    async fetchSources() {
      await testStep(place, constant('mkdir -p "$1"', packagesFolder))
      const options = ['--nobuild', '--noconfirm', '--noprogressbar', '--nosign']
      await runStep(place, 'makepkg --nobuild', makepkg(...options))
    },
    setPkgrel: (pkgrel) =>
      runStep(
        place,
        `setting pkgrel=${pkgrel}`,
        constant('printf "\\npkgrel=%s\\n" "$1" >> PKGBUILD', pkgrel),
      ),
    build: () =>
      runStep(
        place,
        'makepkg --noextract',
        makepkg('--noextract', '--force', '--noconfirm', '--noprogressbar', '--nosign'),
      ),
  }
}

const pkgverScript = 'source ./PKGBUILD >/dev/null 2>&1; declare -F pkgver >/dev/null'

function decodeSrcinfo(text: string): Srcinfo {
  try {
    return parseSrcinfo(text)
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause
    throw new BuildFailure(exitCodes.agentFailed, `The PKGBUILD cannot be built: ${cause.message}`, { cause })
  }
}
