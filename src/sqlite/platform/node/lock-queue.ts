import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** A ticket that was not renewed for this long is abandoned. SQLite asks again after at most 100 ms. */
const STALE_MS = 400

/**
 * The processes that wait for a lock directory, in the order of arrival: a directory with one file, a ticket, for
 * each of them. It exists only while a process waits. Only the order depends on it: a ticket that is lost or removed
 * too early costs a place in the queue, never a lock.
 */
export class LockQueue {
  readonly #directory: string
  readonly #token: string
  #ticket: string | undefined

  constructor(lock: string, token: string) {
    this.#directory = `${lock}-queue`
    this.#token = token
  }

  /** The first process in the queue, unless it is this one. */
  ahead(): string | undefined {
    if (!existsSync(this.#directory)) return undefined
    const now = Date.now()
    for (const ticket of this.#tickets()) {
      if (ticket === this.#ticket) return undefined
      if (this.#isFresh(ticket, now)) return ticket
      rmSync(join(this.#directory, ticket), { force: true })
    }
    this.#removeEmpty()
    return undefined
  }

  /** Takes a ticket, or renews it. */
  wait(): void {
    const now = Date.now()
    // The clock has 13 digits until the year 2286.
    this.#ticket ??= `${now}-${this.#token}`
    const path = join(this.#directory, this.#ticket)
    try {
      if (!existsSync(path)) {
        mkdirSync(this.#directory, { recursive: true })
        writeFileSync(path, '')
      }
      utimesSync(path, now / 1000, now / 1000)
    } catch {
      // Another process has just removed the empty directory or the ticket. The next attempt comes soon.
    }
  }

  leave(): void {
    if (this.#ticket === undefined) return
    rmSync(join(this.#directory, this.#ticket), { force: true })
    this.#ticket = undefined
    this.#removeEmpty()
  }

  #tickets(): string[] {
    try {
      return readdirSync(this.#directory).toSorted()
    } catch {
      return []
    }
  }

  #isFresh(ticket: string, now: number): boolean {
    const found = statSync(join(this.#directory, ticket), { throwIfNoEntry: false })
    // The absolute difference also lets tickets expire after the clock was set back.
    return found !== undefined && Math.abs(now - found.mtimeMs) < STALE_MS
  }

  #removeEmpty(): void {
    try {
      rmdirSync(this.#directory)
    } catch {
      // Others wait, or another process has removed the directory.
    }
  }
}
