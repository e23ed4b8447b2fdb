import { AppError } from '@vieter/api'
import type { Settings } from '@vieter/config'
import type { FastifyRequest } from 'fastify'
import type { IsTrustedProxy } from './trusted-proxies.ts'

/** Where the proxy that asks finds the blob of this key, when it is to send it by itself. */
export type Accelerate = (request: FastifyRequest, blobKey: string) => string | undefined

/**
 * Leaves the sending of blobs to nginx (`X-Accel-Redirect`), where that is wanted. Only a proxy that is ours knows what to
 * do with such an answer: who comes directly, as agents may, would be left without the file.
 * Throws CONFIGURATION_INVALID when it is wanted and there is no such proxy.
 */
export function createAcceleration(
  { accel_redirect, trusted_proxies }: Pick<Settings, 'accel_redirect' | 'trusted_proxies'>,
  isTrustedProxy: IsTrustedProxy,
): Accelerate {
  if (accel_redirect === undefined) return () => undefined
  if (trusted_proxies === undefined) {
    throw new AppError('CONFIGURATION_INVALID', {
      message: 'Invalid configuration: accel_redirect needs trusted_proxies.',
    })
  }
  return ({ socket }, blobKey) =>
    isTrustedProxy(socket.remoteAddress ?? '') ? accel_redirect + blobKey : undefined
}
