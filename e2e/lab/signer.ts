import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PacmanRoot } from './pacman.ts'
import { runChecked } from './processes.ts'
import { makeScratch } from './scratch.ts'

/** A person with an OpenPGP key of their own. */
export interface Signer {
  /** Signs a file as `makepkg --sign` does: writes FILE.sig beside it, and gives its bytes. */
  sign(path: string): Promise<Buffer>
  /** Has a pacman trust the key, and make a keyring where it has none. */
  introduceTo(pacman: PacmanRoot): Promise<void>
  remove(): Promise<void>
}

/** Makes a key with real gpg. Takes a fraction of a second. */
export async function makeSigner(address: string): Promise<Signer> {
  const scratch = await makeScratch('signer')
  const gpg = (...options: string[]) =>
    runChecked('gpg', ['--homedir', scratch.path, '--batch', '--passphrase', '', ...options])
  await gpg('--quick-generate-key', address, 'ed25519', 'sign', 'never')
  const publicKey = join(scratch.path, 'public-key')
  await gpg('--output', publicKey, '--export', address)
  return {
    async sign(path) {
      await gpg('--yes', '--detach-sign', path)
      return readFile(`${path}.sig`)
    },
    async introduceTo({ keyring }) {
      const pacmanKey = (...options: string[]) => runChecked('pacman-key', ['--gpgdir', keyring, ...options])
      await pacmanKey('--init')
      await pacmanKey('--add', publicKey)
      await pacmanKey('--lsign-key', address)
      await stopAgent(keyring)
    },
    async remove() {
      await stopAgent(scratch.path)
      await scratch.remove()
    },
  }
}

async function stopAgent(folder: string): Promise<void> {
  await runChecked('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent'])
}
