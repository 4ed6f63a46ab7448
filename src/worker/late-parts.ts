import { LateCode, partOf } from '../core/late-code.ts'
import type { Connection } from '../sqlite/connection.ts'
import { mayLackRest } from '../tables/register-first.ts'
import type { DatabaseCall } from './protocol.ts'

/** SQL in which a statement may run in a transaction that an earlier one has begun. */
const BEGINS = /\b(?:begin|savepoint)\b/i

/**
 * Loads code that few calls need when one needs it: in a bundle for browsers, it is in files of its own. Then the call
 * runs again. It has changed nothing before: a statement that fails is rolled back, and so is a call of several
 * statements, except exec(), which goes on where it stopped.
 */
export class LateParts {
  readonly #db: Connection
  #isComplete = false

  /** `db`: a connection with `registerFirst`. */
  constructor(db: Connection) {
    this.#db = db
  }

  /** Runs a call, and again once the code that it lacks is loaded. `run` returns its result. */
  async run<C extends DatabaseCall, R>(call: C, run: (call: C, ran?: Ran) => R): Promise<R> {
    // exec() could not go on inside of a transaction: what the failed statement has written may still be there.
    if (call.op === 'exec' && BEGINS.test(call.sql)) await this.loadAll()
    let left = call
    for (;;) {
      let bytes = 0
      const { missed } = LateCode
      try {
        const result = run(left, end => (bytes = end))
        // What this call would have used, the next ones will: it has answered without.
        if (LateCode.isWanted) this.loadAll().catch(() => undefined)
        return result
      } catch (error) {
        // A call that failed for another reason may have written: INSERT OR FAIL keeps the rows before the one that fails.
        const lacksCode = LateCode.missed > missed || mayLackRest(error)
        if (this.#isComplete || !lacksCode) throw error
      }
      await this.loadAll()
      left = rest(left, bytes)
    }
  }

  /** Loads all code. */
  async loadAll(): Promise<void> {
    if (this.#isComplete) return
    const { register } = await partOf(import('./late-calls.ts'))
    register(this.#db)
    this.#isComplete = true
  }
}

/** Told how many bytes of the SQL of exec() have run. */
export type Ran = (bytes: number) => void

/** What is left of a call when so many bytes of the SQL of exec() have run. */
function rest<C extends DatabaseCall>(call: C, bytes: number): C {
  if (call.op !== 'exec') return call
  const sql = new TextDecoder().decode(new TextEncoder().encode(call.sql).subarray(bytes))
  return { ...call, sql }
}
