import type { Pkginfo } from '@vieter/alpm'

/** What a package's .PKGINFO says and its entry does not. */
export interface PackageExtra {
  backup: string[]
  xdata: string[]
  unknown: { key: string; value: string }[]
}

export function extraOf({ backup, xdata, unknown }: Pkginfo): PackageExtra {
  return { backup: [...backup], xdata: [...xdata], unknown: [...unknown] }
}
