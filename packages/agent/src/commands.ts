import type { Command } from './engine.ts'

/*
 * Every shell text that runs in a container stands here, or beside the one step that needs it: constants all. What comes
 * from outside reaches them as arguments.
 */

export const builderHome = '/build'

const rootEnvironment = { HOME: '/root', USER: 'root', LOGNAME: 'root', LANG: 'C.UTF-8' }
const builderEnvironment = { HOME: builderHome, USER: 'builder', LOGNAME: 'builder', LANG: 'C.UTF-8' }

/** A command of root. */
export function asRoot(...argv: [string, ...string[]]): Command {
  return { argv, user: 'root', folder: '/', environment: rootEnvironment }
}

/** A command of the unprivileged user that builds. */
export function asBuilder(
  argv: readonly [string, ...string[]],
  options: { folder?: string; environment?: Readonly<Record<string, string>> } = {},
): Command {
  return {
    argv,
    user: 'builder',
    folder: options.folder ?? builderHome,
    environment: { ...builderEnvironment, ...options.environment },
  }
}

/** `sh -c SCRIPT sh ARGUMENTS`: a constant script, its arguments as `$1`, `$2` … */
export function script(constant: string, ...parameters: string[]): [string, ...string[]] {
  return ['/bin/sh', '-c', constant, 'sh', ...parameters]
}

/**
 * Runs a program under a login shell, so that what packages put into /etc/profile.d (the paths of Perl's, Java's and
 * others' tools) holds for a build, as it does on a person's machine.
 */
export function inLoginShell(...argv: [string, ...string[]]): [string, ...string[]] {
  return ['/bin/bash', '-l', '-c', 'exec "$@"', 'bash', ...argv]
}
