import { renameSync, rmSync } from 'node:fs'
import { SQLITE_IOERR_LOCK, SQLITE_IOERR_UNLOCK } from '../../result-codes.ts'
import { VfsFailure, errnoOf, reportBusy } from '../../vfs/vfs-errors.ts'
import { fileFacts } from './file-facts.ts'
import { isGone, readOwner } from './lock-owner.ts'
import { LockQueue } from './lock-queue.ts'
import { newToken, prepare, preparedName, removeRemains, removeStale } from './lock-takeover.ts'

/** How long a waiting connection polls without returning to SQLite: while the queue does not move, and in all. */
const PATIENCE_MS = 5
const STAY_MS = 50
const POLL_MS = 0.5
/** Refusals that are at most this far apart belong to one wait. */
const AGAIN_MS = 300

const READONLY: ReadonlySet<string> = new Set(['EROFS', 'EACCES', 'EPERM'])

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/**
 * The name of the lock directory of a database file. A process takes the lock by atomically renaming a prepared
 * directory, which already names its owner, so a lock without an owner never exists.
 */
export function lockDirectoryOf(path: string): string {
  return `${path}-lock`
}

/** True while another process of ours has the lock directory. Removes a directory whose owner is gone. */
export function lockDirectoryHeld(directory: string): boolean {
  if (fileFacts().isMissing(directory)) return false
  const owner = readOwner(directory)
  if (owner === undefined) return false
  if (isGone(owner) && removeStale(directory, owner)) return false
  const hint = `if that process has certainly ended, remove ${directory}`
  reportBusy(directory, `held by process ${owner.pid} on ${owner.host}`, hint)
  return true
}

/** Whether the lock directory belongs to a process that may still be alive. */
export function isLockDirectoryInUse(directory: string): boolean {
  const owner = fileFacts().isMissing(directory) ? undefined : readOwner(directory)
  return owner !== undefined && !isGone(owner)
}

/** The lock directory of one database file, as this thread acquires and releases it. */
export class LockDirectory {
  readonly #directory: string
  readonly #prepared: string
  readonly #token: string
  readonly #queue: LockQueue
  #ready = false
  #held = false
  /** When another owner last had it, by performance.now(). */
  #refusedAt = -Infinity

  constructor(path: string) {
    this.#directory = lockDirectoryOf(path)
    this.#token = newToken()
    this.#prepared = preparedName(this.#directory, this.#token)
    this.#queue = new LockQueue(this.#directory, this.#token)
  }

  /** False where the directory cannot be created, since the folder is read-only. */
  isPossible(): boolean {
    if (this.#ready) return true
    try {
      this.#prepare()
      return true
    } catch (error) {
      return !(error instanceof VfsFailure && READONLY.has(error.errno))
    }
  }

  /** False when another process has the lock, or waits for it and came first. */
  acquire(): boolean {
    const start = performance.now()
    const waiting = start - this.#refusedAt < AGAIN_MS
    if ((this.#queue.ahead() === undefined && this.#take()) || (waiting && this.#stay(start))) {
      this.#queue.leave()
      return true
    }
    this.#refusedAt = performance.now()
    return false
  }

  /**
   * Queues up, from the second refusal on: a process that never retries must not hold up the others. It stays while
   * the queue moves, so that the lock is not idle until SQLite asks again.
   */
  #stay(start: number): boolean {
    this.#queue.wait()
    let first: string | undefined
    let moved = start
    for (
      let now = start;
      now < moved + PATIENCE_MS && now < start + STAY_MS;
      now = performance.now()
    ) {
      const ahead = this.#queue.ahead()
      if (ahead === undefined && this.#take()) return true
      if (ahead !== first) moved = now
      first = ahead
      Atomics.wait(sleeper, 0, 0, POLL_MS)
    }
    return false
  }

  #take(): boolean {
    if (lockDirectoryHeld(this.#directory)) return false
    if (!this.#ready) this.#prepare()
    try {
      renameSync(this.#prepared, this.#directory)
      this.#held = true
      return true
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'ENOTEMPTY' || errno === 'EEXIST') return false
      if (readOwner(this.#directory) !== undefined) return false
      this.#ready = false
      throw this.#failure(SQLITE_IOERR_LOCK, 'cannot be taken', error)
    }
  }

  release(): void {
    if (!this.#held) return
    this.#held = false
    try {
      renameSync(this.#directory, this.#prepared)
    } catch (error) {
      this.#ready = false
      throw this.#failure(SQLITE_IOERR_UNLOCK, 'was removed while it was held', error)
    }
  }

  /** Removes the prepared directory and the ticket. */
  dispose(): void {
    try {
      this.release()
    } finally {
      this.#queue.leave()
      if (this.#ready) rmSync(this.#prepared, { recursive: true, force: true })
      this.#ready = false
    }
  }

  #prepare(): void {
    try {
      removeRemains(this.#directory)
      prepare(this.#prepared, this.#token)
      this.#ready = true
    } catch (error) {
      throw this.#failure(SQLITE_IOERR_LOCK, 'cannot be created', error)
    }
  }

  #failure(code: number, what: string, cause: unknown): VfsFailure {
    const errno = errnoOf(cause)
    const text = `${this.#directory}: the lock directory ${what}: ${errno}`
    const hint = 'npm install koffi for locks that need no directory'
    return new VfsFailure(code, this.#directory, text, { hint, errno, cause })
  }
}
