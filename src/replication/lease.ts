import { randomUUID } from 'node:crypto'
import { VecError } from '../core/errors.ts'
import { inTransaction, type SqliteConnection } from '../database/sqlite-connection.ts'
import { doubleQuoted as q, type SyncNames } from './sync-names.ts'

/**
 * The right to write a replica. The checkpoint alone already fences two writers; the lease spares the second one its
 * work. Its token rises with each change of holder and is checked in the transaction that writes rows.
 */
export class Lease {
  readonly owner: string
  readonly #connection: SqliteConnection
  readonly #table: string
  readonly #name: string
  readonly #duration: number
  #token = -1n
  #renewAt = 0

  constructor(
    connection: SqliteConnection,
    names: SyncNames,
    name: string,
    duration: number,
    owner: string = randomUUID(),
  ) {
    this.#connection = connection
    this.#table = q(names.lease)
    this.#name = name
    this.#duration = duration
    this.owner = owner
  }

  /** Takes or renews the lease; false while another replicator holds it. */
  acquire(now: number = Date.now()): boolean {
    if (this.#token >= 0n && now < this.#renewAt && now > this.#renewAt - this.#duration)
      return true
    return inTransaction(this.#connection, 'BEGIN IMMEDIATE', () => {
      const held = this.#read()
      const mine =
        held !== undefined && held.owner === this.owner && BigInt(held.token) === this.#token
      if (held !== undefined && !mine && !isOver(Number(held.expires_at), now, this.#duration)) {
        this.#token = -1n
        return false
      }
      const token = mine ? this.#token : BigInt(held?.token ?? 0) + 1n
      this.#connection
        .prepare(
          `INSERT OR REPLACE INTO ${this.#table} (name, owner, token, expires_at) VALUES (?, ?, ?, ?)`,
        )
        .run(this.#name, this.owner, token, now + this.#duration)
      this.#token = token
      this.#renewAt = now + this.#duration / 3
      return true
    })
  }

  /** Called inside the writing transaction: the lease is still ours, expired or not. */
  assertHeld(): void {
    const held = this.#read()
    if (held === undefined || held.owner !== this.owner || BigInt(held.token) !== this.#token) {
      this.#token = -1n
      throw new VecError('FENCED', `another replicator took over the lease ${this.#name}`, {
        hint: 'this replicator waits until the other one stops',
      })
    }
  }

  holder(): { owner: string; expiresAt: number; mine: boolean } | undefined {
    const held = this.#read()
    return held === undefined
      ? undefined
      : {
          owner: held.owner,
          expiresAt: Number(held.expires_at),
          mine: held.owner === this.owner && BigInt(held.token) === this.#token,
        }
  }

  /** Gives up the lease, so that the next holder can take it at once. */
  release(): void {
    if (this.#token < 0n) return
    this.#connection
      .prepare(
        `UPDATE ${this.#table} SET expires_at = 0 WHERE name = ? AND owner = ? AND token = ?`,
      )
      .run(this.#name, this.owner, this.#token)
    this.#token = -1n
  }

  #read(): { owner: string; token: string; expires_at: string } | undefined {
    return this.#connection
      .prepare(
        `SELECT owner, CAST(token AS TEXT) AS token, CAST(expires_at AS TEXT) AS expires_at FROM ${this.#table} WHERE name = ?`,
      )
      .get(this.#name) as { owner: string; token: string; expires_at: string } | undefined
  }
}

/** An expiry too far ahead was written before the clock was set back. It would last as long as the jump. */
function isOver(expiresAt: number, now: number, duration: number): boolean {
  return expiresAt <= now || expiresAt > now + 10 * Math.max(duration, 60_000)
}
