import assert from 'node:assert/strict'
import { open } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import type { Statement } from '../../src/sqlite/statement.ts'

/**
 * All connections of a process share one heap: what one of them frees twice or uses after its end shows in the others.
 * A witness is such another connection. It allocates what was freed by mistake, writes over it, and tells whether it is
 * whole itself.
 */
export class HeapWitness {
  readonly #db: Connection
  readonly #kept: Statement[] = []
  #written = 0

  private constructor(db: Connection) {
    this.#db = db
    db.exec('CREATE TABLE w(a, b)')
  }

  static async open(): Promise<HeapWitness> {
    return new HeapWitness(await open(':memory:', { register: false }))
  }

  churn(): void {
    for (let i = 0; i < 60; i++) {
      const statement = this.#db.prepare(
        `INSERT INTO w VALUES (?, ${i}) RETURNING a${'||a'.repeat((i * 7) % 9)}`,
      )
      statement.all('y'.repeat((i * 31) % 300))
      this.#written++
      if (i % 3 === 0) this.#kept.push(statement)
      else statement.finalize()
    }
  }

  check(): void {
    this.churn()
    for (const statement of this.#kept.splice(0)) {
      statement.all('z')
      this.#written++
      statement.finalize()
    }
    const found = this.#db.prepare('SELECT count(*) FROM w').pluck().get()
    assert.equal(found, this.#written)
    assert.equal(this.#db.pragma('integrity_check', { simple: true }), 'ok')
    this.#db.exec('DELETE FROM w')
    this.#written = 0
  }

  close(): void {
    this.#db.close()
  }
}
