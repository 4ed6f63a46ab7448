import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { permitted } from '../../../core/permitted.ts'

/** The creator of a lock directory: enough to tell later, on the same machine, whether that process still lives. */
export interface LockOwner {
  /** '' where Deno may not ask for it. */
  readonly host: string
  /** Linux: machine id, boot id and PID namespace; '' elsewhere. */
  readonly machine: string
  readonly boot: string
  readonly namespace: string
  readonly pid: number
  /** Linux: when the process started, in clock ticks since boot; '' elsewhere. */
  readonly started: string
  /** Distinguishes the threads of one process, each of which has its own SQLite. */
  readonly token: string
}

export function thisOwner(token: string): LockOwner {
  return {
    host: permitted(hostname) ?? '',
    machine: firstLine('/etc/machine-id'),
    boot: firstLine('/proc/sys/kernel/random/boot_id'),
    namespace: link('/proc/self/ns/pid'),
    pid: process.pid,
    started: processState(process.pid)?.started ?? '',
    token,
  }
}

/** True only if the owner's process is certainly gone. An owner that cannot be checked from here counts as alive. */
export function isGone(owner: LockOwner): boolean {
  const here = thisOwner('')
  if (owner.machine !== here.machine) return false
  if (owner.host !== here.host && owner.host !== '' && here.host !== '') return false
  if (owner.boot !== here.boot) return owner.boot !== '' && here.boot !== '' && here.machine !== ''
  if (owner.namespace !== here.namespace) return false
  if (!exists(owner.pid)) return true
  if (owner.started === '') return false
  const state = processState(owner.pid)
  return state !== undefined && (state.dead || state.started !== owner.started)
}

export function parseOwner(text: string): LockOwner | undefined {
  try {
    const owner = JSON.parse(text) as LockOwner
    return typeof owner.token === 'string' && Number.isInteger(owner.pid) ? owner : undefined
  } catch {
    return undefined
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Fields 3 and 22 of /proc/<pid>/stat. The command before them is in parentheses and may contain any character. */
function processState(pid: number): { dead: boolean; started: string } | undefined {
  const text = firstLine(`/proc/${pid}/stat`)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, started] = [fields[0], fields[19]]
  if (state === undefined || started === undefined) return undefined
  return { dead: state === 'Z' || state === 'X', started }
}

function firstLine(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n')[0] ?? ''
  } catch {
    return ''
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
