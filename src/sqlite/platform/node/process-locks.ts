import { constants, readFileSync, readdirSync, statSync } from 'node:fs'
import type { FileIdentity } from '../../vfs/file-locks.ts'
import { F_UNLCK, F_WRLCK, type Fcntl, flock } from './fcntl.ts'

/** What other code in this process (mostly native SQLite) does with a file. */
export interface ForeignUse {
  readonly open: boolean
  /** Whether that code holds POSIX locks, which belong to the process. */
  readonly locked: boolean
}

/** Our descriptors have this flag; those of native SQLite do not. */
export const OUR_MARK: number = constants.O_NONBLOCK ?? 0

/**
 * Reads from Linux which descriptors of this process refer to one of `files`. Exact, since the kernel lists the locks
 * of each descriptor at one moment; /proc/locks, which comes in pieces of 4 KiB, may miss a lock. Undefined without
 * /proc.
 */
export function foreignUse(files: readonly FileIdentity[]): ForeignUse | undefined {
  let open = false
  let locked = false
  try {
    for (const name of readdirSync('/proc/self/fd')) {
      const found = statOf(name)
      if (!files.some(file => file.ino === found?.ino && file.dev === found.dev)) continue
      const info = infoOf(name)
      if (info === undefined) continue
      const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '0', 8)
      if ((flags & OUR_MARK) === 0) open = true
      if (/^lock:\s.*\bPOSIX\b/m.test(info)) locked = true
    }
  } catch {
    return undefined
  }
  return { open, locked }
}

/**
 * Undefined when the descriptor has been closed since it was listed. Asks by name: Deno's fstatSync() refuses the
 * descriptors that other code opened.
 */
function statOf(fd: string): FileIdentity | undefined {
  try {
    return statSync(`/proc/self/fd/${fd}`, { bigint: true })
  } catch {
    return undefined
  }
}

function infoOf(fd: string): string | undefined {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')
  } catch {
    return undefined
  }
}

/** Whether code in this process holds POSIX locks on the first of `files`, open as `fd`, or on another of them. */
export function isLockedHere(files: readonly FileIdentity[], fd: number, locks: Fcntl): boolean {
  const answer = flock(F_WRLCK, 0, 0)
  if (locks.get(fd, answer) === 0) {
    if (new Int16Array(answer.buffer)[0] === F_UNLCK) return false
    if (new Int32Array(answer.buffer)[6] === process.pid) return true
  }
  // The kernel reported a lock of another process first; native code here may hold a later one.
  return foreignUse(files)?.locked ?? true
}
