import type { FastifyInstance } from 'fastify'

/** Who comes to the server without knowing where to go is sent to the reference. */
export function mountRoot(server: FastifyInstance, basePath: string): void {
  server.get(`${basePath}/`, (_request, reply) => reply.redirect(`${basePath}/api/docs`))
  if (basePath !== '') server.get(basePath, (_request, reply) => reply.redirect(`${basePath}/`))
}
