const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** A number of bytes for people: `512 B`, `1.5 KiB`, `23.4 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power]}`
}
