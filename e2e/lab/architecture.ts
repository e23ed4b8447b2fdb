/** The architecture of this machine in pacman's words, which is that of all packages that the laboratory makes. */
export const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
