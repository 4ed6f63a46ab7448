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

/** A ticket that was not renewed for so long has been given up. SQLite asks again after at most 100 ms. */
const STALE_MS = 400

/**
 * Who waits for a lock directory, in the order of arrival: a directory with one file, a ticket, for each of them. It
 * exists only while a process waits. Order is all that depends on it: a ticket that is lost or removed too early costs
 * a place, never a lock.
 */
export class LockQueue {
  readonly #directory: string
  readonly #token: string
  #ticket: string | undefined

  constructor(lock: string, token: string) {
    this.#directory = `${lock}-queue`
    this.#token = token
  }

  /** The first one in the queue, when that is another. */
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
    // The clock's digits are 13 until the year 2286.
    this.#ticket ??= `${now}-${this.#token}`
    const path = join(this.#directory, this.#ticket)
    try {
      if (!existsSync(path)) {
        mkdirSync(this.#directory, { recursive: true })
        writeFileSync(path, '')
      }
      utimesSync(path, now / 1000, now / 1000)
    } catch {
      // Another process removed the empty directory or the ticket at this moment: the next attempt is soon.
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
    // A clock that was set back makes no ticket eternal.
    return found !== undefined && Math.abs(now - found.mtimeMs) < STALE_MS
  }

  #removeEmpty(): void {
    try {
      rmdirSync(this.#directory)
    } catch {
      // Others wait, or have removed it.
    }
  }
}
