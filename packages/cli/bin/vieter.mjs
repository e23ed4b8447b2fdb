#!/usr/bin/env node
// Plain JavaScript that older Node.js versions read as well: Vieter itself needs Node.js 26, and when this runs on an
// older one it starts the one that the checkout pins.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const needed = 26
const pinned = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url))
const main = new URL('../src/main.ts', import.meta.url)
/** Compiled code is kept beside the code itself, never in a folder that others may write to: it is run unseen. */
const compileCache = fileURLToPath(new URL('../../../node_modules/.cache/vieter', import.meta.url))

/**
 * A server runs for months on small machines. Left alone, V8 and glibc (mallopt(3)) keep the memory of a rush that was
 * once: young objects of each thread, freed blocks, an arena of the allocator for each thread. And syncs of many uploads
 * at once want more threads than Node's four. Measured with 16 publishers: 215 MiB instead of 320, and as fast.
 */
const serverFlags = ['--max-semi-space-size=2']
const serverVariables = {
  MALLOC_ARENA_MAX: '4',
  MALLOC_TRIM_THRESHOLD_: '33554432',
  MALLOC_MMAP_THRESHOLD_: '4194304',
}
const isServer = process.argv[2] === 'server' && process.execArgv.length === 0

if (isServer && Number.parseInt(process.versions.node, 10) >= needed) {
  // Both are read when a process begins: this one begins again, as the same process.
  const words = [process.execPath, ...serverFlags, ...process.argv.slice(1)]
  process.execve(process.execPath, words, { ...serverVariables, ...process.env })
} else if (Number.parseInt(process.versions.node, 10) >= needed) {
  module.enableCompileCache(compileCache)
  // Threads look here: each would otherwise load the stripper of types, 9 MiB, for itself.
  process.env.NODE_COMPILE_CACHE ??= compileCache
  await import(main.href)
} else if (existsSync(pinned)) {
  runPinned()
} else {
  process.stderr.write(
    `error: vieter needs Node.js ${needed} or newer, and this is ${process.versions.node}.\n` +
      'hint: run `npm ci` in the checkout, which brings the right one, or install it from https://nodejs.org.\n',
  )
  process.exitCode = 2
}

function runPinned() {
  const flags = isServer ? serverFlags : []
  const env = isServer ? { ...serverVariables, ...process.env } : process.env
  const child = spawn(pinned, [...flags, fileURLToPath(main), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env,
  })
  // A terminal's Ctrl-C reaches the child by itself, and a second one would end it at once: it is not passed on.
  // A signal sent to this process alone is.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`error: ${pinned} cannot be started: ${error.message}\n`)
    process.exitCode = 2
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}
