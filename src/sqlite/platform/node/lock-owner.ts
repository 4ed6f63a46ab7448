import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { permitted } from '../../../core/permitted.ts'

/** Names of files contain it. */
const TOKEN = /^[\w-]+$/

/** The creator of a lock directory: enough to tell later, on the same machine, whether that thread still lives. */
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
  /** Linux: the number of the thread in its process, and when it started; 0 and '' if unknown. */
  readonly thread: number
  readonly threadStarted: string
  /** Distinguishes the threads of one process, each of which has its own SQLite. */
  readonly token: string
}

export function thisOwner(token: string): LockOwner {
  const thread = thisThread()
  return {
    host: permitted(hostname) ?? '',
    machine: firstLine('/etc/machine-id'),
    boot: firstLine('/proc/sys/kernel/random/boot_id'),
    namespace: link('/proc/self/ns/pid'),
    pid: process.pid,
    started: stateOf(String(process.pid))?.started ?? '',
    thread,
    threadStarted: thread === 0 ? '' : (stateOf(taskOf(process.pid, thread))?.started ?? ''),
    token,
  }
}

/**
 * True only if the owner's process or its worker thread is certainly gone. An owner that cannot be checked from here
 * counts as alive.
 */
export function isGone(owner: LockOwner): boolean {
  const here = thisOwner('')
  if (owner.machine !== here.machine) return false
  if (owner.host !== here.host && owner.host !== '' && here.host !== '') return false
  if (owner.boot !== here.boot) return owner.boot !== '' && here.boot !== '' && here.machine !== ''
  if (owner.namespace !== here.namespace) return false
  if (!exists(owner.pid)) return true
  if (owner.started === '') return false
  const state = stateOf(String(owner.pid))
  if (state === undefined) return false
  return state.dead || state.started !== owner.started || isThreadGone(owner)
}

/**
 * Whether the thread of a living process has ended: a worker that was terminated releases nothing. Its number may
 * belong to a younger thread.
 */
function isThreadGone({ pid, thread, threadStarted }: LockOwner): boolean {
  if (thread === 0 || threadStarted === '') return false
  const state = stateOf(taskOf(pid, thread))
  if (state !== undefined) return state.started !== threadStarted
  // Where the files of the process itself are hidden, nothing is known.
  return isMissing(taskOf(pid, thread)) && !isMissing(taskOf(pid, pid))
}

/** True only if the kernel certainly does not have this thread. */
function isMissing(task: string): boolean {
  return (
    permitted(() => statSync(`/proc/${task}`, { throwIfNoEntry: false }) === undefined) ?? false
  )
}

/** The owner that a directory names. */
export function readOwner(directory: string): LockOwner | undefined {
  try {
    const text = readFileSync(join(directory, 'owner'), 'utf8')
    // Earlier versions did not write the thread.
    const unknown = { thread: 0, threadStarted: '' }
    const owner: LockOwner = {
      ...unknown,
      ...(JSON.parse(text) as Omit<LockOwner, keyof typeof unknown>),
    }
    const named = typeof owner.token === 'string' && TOKEN.test(owner.token)
    return named && Number.isInteger(owner.pid) ? owner : undefined
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

/** The number of this thread for the kernel; 0 where it cannot be known. Each worker has a thread of its own. */
function thisThread(): number {
  const [, pid, thread] = /^(\d+)\/task\/(\d+)$/.exec(link('/proc/thread-self')) ?? []
  // A /proc of another PID namespace has other numbers.
  return Number(pid) === process.pid ? Number(thread) : 0
}

function taskOf(pid: number, thread: number): string {
  return `${pid}/task/${thread}`
}

/**
 * Fields 3 and 22 of the stat file of a process, or of one of its threads. The command before them is in parentheses and
 * may contain any character.
 */
function stateOf(task: string): { dead: boolean; started: string } | undefined {
  const text = firstLine(`/proc/${task}/stat`)
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
