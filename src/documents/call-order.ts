import type { Database } from '../database/database.ts'
import { numberOf, eachRow } from '../database/query.ts'
import { withoutFields, type DocumentWrite } from './document-fields.ts'

/**
 * Upserts that wait for their embeddings write when these arrive, in any order, but the last call must win. So a call
 * that writes or deletes notes, for each earlier call that still waits, which fields of which documents it has written.
 * The earlier call then skips these fields. The notes are in a table of `temp`, within the transaction of the write. If
 * that fails or is rolled back, even by a savepoint of the caller, the notes disappear.
 */
const NAME = 'sqlite-vec-ts overtaken'
const NOTES = `temp."${NAME}"`
const MAKE = `CREATE TABLE IF NOT EXISTS ${NOTES}(call INTEGER, id TEXT, fields INTEGER, PRIMARY KEY (call, id)) WITHOUT ROWID`
const NOTE = `INSERT INTO ${NOTES} VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET fields = fields | excluded.fields`

/** The waiting calls, in the order in which they were made. */
const waiting = new WeakMap<Database, Set<WaitingUpsert>>()
let calls = 0

/** A call that waits for its embeddings. */
export class WaitingUpsert {
  readonly number: number = ++calls
  readonly #db: Database
  readonly #place: string
  readonly #ids: ReadonlySet<string>
  /** Whether another call has tried to note something. */
  overtaken = false

  /** Later calls take this one into account until `end`. */
  constructor(db: Database, shadow: string, dataset: string, ids: Iterable<string>) {
    this.#db = db
    this.#place = placeOf(shadow, dataset)
    this.#ids = new Set(ids)
    const others = waiting.get(db)
    if (others) others.add(this)
    else waiting.set(db, new Set([this]))
  }

  writes(shadow: string, dataset: string): boolean {
    return this.#place === placeOf(shadow, dataset)
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** The parts of these documents that no later call has written. Call it inside the transaction that writes them. */
  notOvertaken(documents: readonly DocumentWrite[]): DocumentWrite[] {
    const noted = this.#takeNotes()
    return documents
      .map(document => withoutFields(document, noted.get(document.id) ?? 0))
      .filter(document => document !== undefined)
  }

  end(): void {
    waiting.get(this.#db)?.delete(this)
  }

  #takeNotes(): ReadonlyMap<string, number> {
    const db = this.#db
    // The table was created in a transaction, which may have been rolled back.
    if (!this.overtaken || !hasNotes(db)) return new Map()
    const notes = new Map<string, number>()
    const sql = `DELETE FROM ${NOTES} WHERE call = ? RETURNING id, fields`
    eachRow(db, sql, [this.number], row => {
      notes.set(row.text(0), row.number(1))
    })
    return notes
  }
}

/** Whether a waiting call has this document. */
export function isAwaited(db: Database, shadow: string, dataset: string, id: string): boolean {
  return [...(waiting.get(db) ?? [])].some(call => call.writes(shadow, dataset) && call.has(id))
}

/**
 * Notes the written documents (ids with their fields as bits) for the waiting calls before `self`, or for all of them.
 * Call it inside the transaction of the write.
 */
export function overtake(
  db: Database,
  shadow: string,
  dataset: string,
  written: Iterable<readonly [id: string, fields: number]>,
  self?: WaitingUpsert,
): void {
  const earlier: WaitingUpsert[] = []
  for (const call of waiting.get(db) ?? []) {
    if (call === self) break
    if (call.writes(shadow, dataset)) earlier.push(call)
  }
  if (earlier.length === 0) return
  db.exec(MAKE)
  // Notes that failed calls have left.
  db.exec(`DELETE FROM ${NOTES} WHERE call < ${earlier[0].number}`)
  using note = db.prepare(NOTE)
  for (const [id, fields] of written) {
    for (const call of earlier) {
      if (!call.has(id)) continue
      call.overtaken = true
      note.run(call.number, id, fields)
    }
  }
}

function hasNotes(db: Database): boolean {
  return numberOf(db, 'SELECT count(*) FROM temp.sqlite_temp_schema WHERE name = ?', NAME) > 0
}

/** SQLite ignores ASCII case in names of tables. */
function placeOf(shadow: string, dataset: string): string {
  return JSON.stringify([shadow.replace(/[A-Z]/g, letter => letter.toLowerCase()), dataset])
}
