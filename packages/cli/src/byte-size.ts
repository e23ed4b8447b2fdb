const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** A number of bytes for people, for instance `27.0 MiB`. */
export function formatBytes(bytes: number): string {
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`
}
