import manifest from '../package.json' with { type: 'json' }

/** The version of Vieter. */
export const version: string = manifest.version
