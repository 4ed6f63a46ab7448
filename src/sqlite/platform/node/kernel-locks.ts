import { readFileSync } from 'node:fs'
import type { FileIdentity } from '../../vfs/file-locks.ts'

/** The holders of byte-range locks on a file, according to Linux. */
export interface KernelLocks {
  /** A process with POSIX locks, as native SQLite takes them; 0 if there is none. */
  readonly pid: number
  /** Whether a process holds locks of an open file description, as we take them through koffi. */
  readonly ofd: boolean
}

const nobody: KernelLocks = { pid: 0, ofd: false }

/**
 * Reads the byte-range locks on a file from /proc/locks. Other systems do not have it, and it omits holders in
 * another PID namespace, so finding no lock proves nothing.
 */
export function kernelLocks(file: FileIdentity, only?: number): KernelLocks {
  if (process.platform !== 'linux') return nobody
  let text: string
  try {
    text = readFileSync('/proc/locks', 'latin1')
  } catch {
    return nobody
  }
  return text === '' ? nobody : parseKernelLocks(text, file, only)
}

/**
 * A line looks like `7: POSIX  ADVISORY  WRITE 1234 fe:00:9977962 1073741826 1073742335`; a waiting lock has `->`
 * after its number.
 */
function parseKernelLocks(text: string, file: FileIdentity, only?: number): KernelLocks {
  const device = kernelDevice(file.dev)
  let pid = 0
  let ofd = false
  for (const line of text.split('\n')) {
    const fields = line.split(/\s+/)
    if (fields.length < 8 || fields[1] === '->') continue
    const [major, minor, inode] = (fields[5] ?? '').split(':')
    if (inode !== String(file.ino)) continue
    // On btrfs, overlayfs and network file systems (major 0), stat reports another device, so only the inode is
    // compared.
    if (device !== undefined && device !== `${major}:${minor}`) continue
    const holder = Number(fields[4])
    if (fields[1] === 'OFDLCK') ofd = true
    else if (fields[1] === 'POSIX' && (only === undefined || holder === only)) pid = holder
  }
  return { pid, ofd }
}

function kernelDevice(dev: bigint): string | undefined {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn)
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn)
  if (major === 0n) return undefined
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`
}
