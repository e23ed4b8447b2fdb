import { AppError } from './app-error.ts'
import type { TargetKind } from './schemas.ts'

interface SourceRules {
  /** A laboratory setting: also take `file:` addresses and local paths. Never for sources that a stranger may name. */
  allowLocal: boolean
}

const protocols: Record<TargetKind, readonly string[]> = {
  git: ['http:', 'https:', 'ssh:', 'git:'],
  url: ['http:', 'https:'],
}

/** Characters that no address, branch or path may hold: controls, and what line-based tools would take for line ends. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/** What ssh would take for an option, where git hands it on; it decodes the dash before. */
const looksLikeOption = /^(?:-|%2d)/i

/**
 * Checks the address of a target's source: git over http, https, ssh or git; a PKGBUILD over http or https.
 * git's `user@host:path` short form is refused along with `ext::`, options and local paths: written with `ssh://` it
 * can't be mistaken for them. Throws SOURCE_INVALID.
 */
export function checkSourceUrl(kind: TargetKind, url: string, rules: SourceRules): void {
  if (url === '' || url.length > 2048) throw invalid('url', url, 'must have 1 to 2048 characters')
  if (unprintable.test(url) || /[^\S ]|^ | $/.test(url)) {
    throw invalid('url', url, 'must not hold control characters, or begin or end with a blank')
  }
  const parsed = URL.parse(url)
  if (rules.allowLocal && (parsed?.protocol === 'file:' || url.startsWith('/'))) return
  if (!parsed || !protocols[kind].includes(parsed.protocol) || !/^[a-z]+:\/\//.test(url)) {
    throw invalid(
      'url',
      url,
      `must begin with ${protocols[kind].map((protocol) => `${protocol}//`).join(', ')}`,
    )
  }
  if (parsed.hostname === '') throw invalid('url', url, 'must name a host')
  if (looksLikeOption.test(parsed.hostname) || looksLikeOption.test(parsed.username)) {
    throw invalid('url', url, 'must not begin its host or user with a dash')
  }
}

/** Checks a branch by git's own rules for names of references (git-check-ref-format(1)). Throws SOURCE_INVALID. */
export function checkBranch(branch: string): void {
  if (branch === '') return
  if (branch.length > 255) throw invalid('branch', branch, 'must have at most 255 characters')
  if (branch.startsWith('-')) throw invalid('branch', branch, 'must not begin with a dash')
  if (unprintable.test(branch) || /[ ~^:?*[\\]|\.\.|@\{|\/\//.test(branch) || branch === '@') {
    throw invalid('branch', branch, 'holds what git allows in no branch')
  }
  if (/^\/|\/$|\.$|(^|\/)\.|\.lock(\/|$)/.test(branch)) {
    throw invalid('branch', branch, 'begins or ends with what git allows in no branch')
  }
}

/** Checks the folder of a PKGBUILD inside its source: relative, and never outside of it. Throws SOURCE_INVALID. */
export function checkSourcePath(path: string): void {
  if (path === '') return
  if (path.length > 1024) throw invalid('path', path, 'must have at most 1024 characters')
  if (unprintable.test(path)) throw invalid('path', path, 'must not hold control characters')
  if (path.startsWith('/')) throw invalid('path', path, 'must be relative to the root of the source')
  const segments = path.split('/')
  if (segments.includes('..')) throw invalid('path', path, 'must not leave the source')
  if (segments.includes('.git')) throw invalid('path', path, 'must not point into the .git folder')
}

function invalid(field: string, value: string, reason: string): AppError {
  return new AppError('SOURCE_INVALID', {
    message: `Invalid ${field} ${JSON.stringify(value.slice(0, 200))}: it ${reason}.`,
  })
}
