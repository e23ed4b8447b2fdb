/** The names that Arch Linux and its ports give to what Node.js knows as `process.arch`. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  arm: 'armv7h',
  ia32: 'i686',
  riscv64: 'riscv64',
  loong64: 'loong64',
  ppc64: 'powerpc64le',
}

/** The default of the setting `arch`, from `process.arch`; undefined for a machine that no port is known for. */
export function machineArchitecture(processArch: string): string | undefined {
  return architectures[processArch]
}
