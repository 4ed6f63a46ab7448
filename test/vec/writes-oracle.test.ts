import assert from 'node:assert/strict'
import {
  open,
  VecError,
  type BindValue,
  type Connection,
  type ErrorCode,
  type Metric,
} from '../../src/entries/main.ts'
import { embeddingToJson } from '../../src/entries/vector.ts'
import { seededTest } from '../seed.ts'
import { Model, type ModelRow } from './model.ts'
import { ask } from './queries.ts'
import { Random } from './random.ts'

const test = seededTest('VEC_SEED')

const DATASETS = ['a', 'A', 'a ', "it's ü😀"]
const PLAIN = `dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT, meta TEXT, embedding BLOB`

interface Setting {
  readonly name: string
  readonly metric: Metric
  readonly dim: number
  readonly rows: number
  readonly rounds: number
  readonly shadow?: string
  /** The documents stand in an attached database, which dbpath names. */
  readonly attached?: boolean
}

const settings: readonly Setting[] = [
  { name: 'its own shadow table', metric: 'cosine', dim: 3, rows: 60, rounds: 150 },
  {
    name: 'WITHOUT ROWID',
    metric: 'euclidean',
    dim: 5,
    rows: 60,
    rounds: 150,
    shadow: `(${PLAIN}, archived INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (dataset_id, id)) WITHOUT ROWID`,
  },
  {
    name: 'a key of its own, the other way round',
    metric: 'dot',
    dim: 4,
    rows: 60,
    rounds: 150,
    shadow: `(own INTEGER PRIMARY KEY, scn INTEGER NOT NULL, ${PLAIN}, UNIQUE (id, dataset_id))`,
  },
  {
    name: 'every name of the rowid taken',
    metric: 'cosine',
    dim: 4,
    rows: 40,
    rounds: 80,
    shadow: `(rowid TEXT, oid TEXT, _rowid_ TEXT, ${PLAIN}, PRIMARY KEY (dataset_id, id))`,
  },
  {
    name: 'an attached file',
    metric: 'cosine',
    dim: 4,
    rows: 40,
    rounds: 80,
    attached: true,
  },
  {
    name: 'more floats than stay in memory',
    metric: 'euclidean',
    dim: 128,
    rows: 3000,
    rounds: 15,
  },
]

for (const [stream, setting] of settings.entries()) {
  test(`what is written through the vec table is found: ${setting.name}`, async () => {
    using scene = await Scene.make(setting, new Random(stream + 100))
    scene.fill()
    for (let n = 0; n < setting.rounds; n++) {
      scene.change()
      scene.ask()
      if (n % 10 === 0) scene.check()
    }
    scene.db.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
    scene.check()
  })
}

class Scene {
  readonly db: Connection
  readonly model: Model
  readonly #setting: Setting
  readonly #r: Random

  private constructor(db: Connection, setting: Setting, r: Random) {
    this.db = db
    this.#setting = setting
    this.#r = r
    this.model = new Model(setting.metric, setting.dim, false)
  }

  static async make(setting: Setting, r: Random): Promise<Scene> {
    const db = await open(':memory:')
    if (setting.shadow !== undefined) db.exec(`CREATE TABLE _vec_docs ${setting.shadow}`)
    const schema = setting.attached ? 'other' : 'main'
    if (setting.attached) db.exec(`ATTACH ':memory:' AS other`)
    db.exec(`CREATE VIRTUAL TABLE ${schema}.docs USING vec(doc_id, metric=${setting.metric})`)
    return new Scene(db, setting, r)
  }

  [Symbol.dispose](): void {
    this.db.close()
  }

  fill(): void {
    this.db.exec('BEGIN')
    for (let n = 0; n < this.#setting.rows; n++) this.#put('REPLACE')
    this.db.exec('COMMIT')
  }

  ask(): void {
    ask(this.#r, this.db, 'docs', this.model, DATASETS)
  }

  /** All rows, with all that the vec table tells of them. */
  check(): void {
    const rows = this.db
      .prepare(
        `SELECT dataset_id, doc_id, content, meta, embedding FROM docs WHERE dataset_id IN (${DATASETS.map(() => '?').join(', ')})`,
      )
      .raw()
      .all(...DATASETS) as unknown[][]
    const expected = this.model
      .visible(DATASETS)
      .map(({ dataset, id, content, meta, embedding }) => [dataset, id, content, meta, embedding])
    assert.deepEqual(sorted(rows), sorted(expected))
  }

  /** One write, or some in a transaction that is asked in between and may be rolled back. */
  change(): void {
    const r = this.#r
    if (r.chance(0.4)) {
      this.#write()
      return
    }
    const before = new Map(this.model.rows)
    this.db.exec('BEGIN')
    for (let n = r.below(4); n >= 0; n--) {
      this.#write()
      if (r.chance(0.5)) this.ask()
    }
    if (r.chance(0.5)) {
      const inner = new Map(this.model.rows)
      this.db.exec('SAVEPOINT inside')
      this.#write()
      this.ask()
      if (r.chance(0.5)) {
        this.db.exec('ROLLBACK TO inside')
        this.model.rows = inner
      }
      this.db.exec('RELEASE inside')
      this.ask()
    }
    if (r.chance(0.4)) {
      this.db.exec('ROLLBACK')
      this.model.rows = before
    } else this.db.exec('COMMIT')
  }

  #write(): void {
    const r = this.#r
    const kind = r.below(12)
    if (kind < 2) this.#put('ABORT')
    else if (kind === 2) this.#put('REPLACE')
    else if (kind === 3) this.#put('IGNORE')
    else if (kind === 4) this.#deleteKey()
    else if (kind === 5) this.#deleteNearest()
    else if (kind === 6) this.#move()
    else if (kind === 7) this.#moveNearest()
    else if (kind === 8) this.#reembed()
    else if (kind === 9) this.#copy()
    else if (kind === 10) this.#failInTheMiddle()
    else this.#changeContent()
  }

  #row(): ModelRow {
    const r = this.#r
    const id = String(r.below(this.#setting.rows))
    return {
      dataset: r.pick(DATASETS),
      id: r.chance(0.1) ? `ï-${id}` : id,
      embedding: r.chance(0.1) ? null : bytesOf(r.vector(this.model.dim)),
      archived: 0,
      content: r.chance(0.1) ? null : `content of ${id}`,
      meta: JSON.stringify({ lang: r.pick(['en', 'de']), n: r.below(10) }),
    }
  }

  /** In one of the forms that MATCH takes. */
  #written(embedding: Uint8Array | null): BindValue {
    if (embedding === null) return null
    const vector = new Float32Array(embedding.slice().buffer)
    const form = this.#r.below(4)
    if (form === 0) return embeddingToJson(vector)
    if (form === 1) return Buffer.from(embedding).toString('base64')
    // A single number has no comma, and would not be a list.
    if (form === 2 && vector.length > 1) return embeddingToJson(vector).slice(1, -1)
    return embedding
  }

  #values(row: ModelRow): BindValue[] {
    return [row.dataset, row.id, this.#written(row.embedding), row.content, row.meta]
  }

  #put(conflict: 'ABORT' | 'REPLACE' | 'IGNORE'): void {
    const row = this.#row()
    const sql = `INSERT OR ${conflict} INTO docs(dataset_id, doc_id, embedding, content, meta) VALUES (?, ?, ?, ?, ?)`
    const taken = this.model.get(row.dataset, row.id) !== undefined
    if (taken && conflict === 'ABORT') {
      this.#refused('SQLITE_CONSTRAINT', sql, ...this.#values(row))
      return
    }
    const { changes } = this.db.prepare(sql).run(...this.#values(row))
    assert.equal(changes, taken && conflict === 'IGNORE' ? 0 : 1)
    if (!taken || conflict === 'REPLACE') this.model.put(row)
  }

  #victim(): ModelRow | undefined {
    return this.#r.pick([...this.model.rows.values()])
  }

  #deleteKey(): void {
    const row = this.#victim()
    if (!row) return
    const statement = this.db.prepare('DELETE FROM docs WHERE dataset_id = ? AND doc_id = ?')
    assert.equal(statement.run(row.dataset, row.id).changes, 1)
    assert.equal(statement.run(row.dataset, row.id).changes, 0)
    this.model.delete(row.dataset, row.id)
  }

  #nearest(): { dataset: string; query: Float32Array; k: number; rows: ModelRow[] } {
    const dataset = this.#r.pick(DATASETS)
    const query = this.#r.vector(this.model.dim)
    const k = this.#r.below(5)
    const rows = this.model.search([dataset], query).slice(0, k)
    return { dataset, query, k, rows: rows.map(({ row }) => row) }
  }

  #deleteNearest(): void {
    const { dataset, query, k, rows } = this.#nearest()
    const sql = 'DELETE FROM docs WHERE dataset_id = ? AND doc_id MATCH ? AND k = ?'
    assert.equal(this.db.prepare(sql).run(dataset, query, k).changes, rows.length)
    for (const row of rows) this.model.delete(dataset, row.id)
  }

  /** To another key, which may be taken. */
  #move(): void {
    const row = this.#victim()
    if (!row) return
    const { dataset, id } = this.#row()
    const replace = this.#r.chance(0.5)
    const sql = `UPDATE ${replace ? 'OR REPLACE ' : ''}docs SET dataset_id = ?, doc_id = ? WHERE dataset_id = ? AND doc_id = ?`
    const taken = this.model.get(dataset, id)
    if (taken && taken !== row && !replace) {
      this.#refused('SQLITE_CONSTRAINT', sql, dataset, id, row.dataset, row.id)
      return
    }
    assert.equal(this.db.prepare(sql).run(dataset, id, row.dataset, row.id).changes, 1)
    this.model.delete(row.dataset, row.id)
    this.model.put({ ...row, dataset, id })
  }

  #moveNearest(): void {
    const { dataset, query, k, rows } = this.#nearest()
    const target = this.#r.pick(DATASETS)
    if (rows.some(row => this.model.get(target, `${row.id}'`))) return
    const sql =
      "UPDATE docs SET dataset_id = ?, doc_id = doc_id || '''' WHERE dataset_id = ? AND doc_id MATCH ? AND k = ?"
    assert.equal(this.db.prepare(sql).run(target, dataset, query, k).changes, rows.length)
    for (const row of rows) this.model.delete(dataset, row.id)
    for (const row of rows) this.model.put({ ...row, dataset: target, id: `${row.id}'` })
  }

  #reembed(): void {
    const row = this.#victim()
    if (!row) return
    const { embedding } = this.#row()
    this.db
      .prepare('UPDATE docs SET embedding = ? WHERE dataset_id = ? AND doc_id = ?')
      .run(this.#written(embedding), row.dataset, row.id)
    this.model.put({ ...row, embedding })
  }

  /** From the table itself. */
  #copy(): void {
    const { dataset, query, k, rows } = this.#nearest()
    const target = this.#r.pick(DATASETS)
    const sql = `INSERT OR REPLACE INTO docs(dataset_id, doc_id, embedding, content, meta)
      SELECT ?, doc_id || '+', embedding, content, meta FROM docs WHERE dataset_id = ? AND doc_id MATCH ? AND k = ?`
    assert.equal(this.db.prepare(sql).run(target, dataset, query, k).changes, rows.length)
    for (const row of rows) this.model.put({ ...row, dataset: target, id: `${row.id}+` })
  }

  /** The last row cannot be written: nor are those before it. */
  #failInTheMiddle(): void {
    const rows = [this.#row(), this.#row()].filter(
      ({ dataset, id }) => this.model.get(dataset, id) === undefined,
    )
    const bad = { ...this.#row(), embedding: bytesOf(this.#r.vector(this.model.dim + 1)) }
    if (!this.model.visible([bad.dataset]).some(row => row.embedding)) return
    const all = [...rows, bad]
    const sql = `INSERT OR REPLACE INTO docs(dataset_id, doc_id, embedding, content, meta) VALUES ${all.map(() => '(?, ?, ?, ?, ?)').join(', ')}`
    // A replaced row alone in its dataset has no say in the dimension.
    const others = this.model
      .visible([bad.dataset])
      .filter(row => row.embedding && row.id !== bad.id)
    if (others.length === 0) return
    this.#refused('VEC_DIMENSION', sql, ...all.flatMap(row => this.#values(row)))
  }

  #changeContent(): void {
    const dataset = this.#r.pick(DATASETS)
    const sql = "UPDATE docs SET content = 'about ' || doc_id WHERE dataset_id = ?"
    const rows = this.model.visible([dataset])
    assert.equal(this.db.prepare(sql).run(dataset).changes, rows.length)
    for (const row of rows) this.model.put({ ...row, content: `about ${row.id}` })
  }

  #refused(code: ErrorCode, sql: string, ...values: BindValue[]): void {
    assert.throws(
      () => this.db.prepare(sql).run(...values),
      error => error instanceof VecError && error.code === code,
    )
  }
}

function bytesOf(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer.slice(0))
}

function sorted(rows: unknown[][]): unknown[][] {
  return rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

function keyOf(row: unknown[]): string {
  return JSON.stringify(row.slice(0, 2))
}
