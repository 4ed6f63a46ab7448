import { open, type Connection, type Metric } from '../../src/entries/main.ts'
import { Model } from './model.ts'
import type { Random } from './random.ts'

/** A vec table `docs` that is read bit by bit, and how it is filled. */
export interface Setting {
  readonly name: string
  readonly metric: Metric
  readonly dim: number
  readonly rows: number
  readonly index: 'auto' | 'brute' | 'cover'
  /** Rows that are written in a transaction which stays open. */
  readonly uncommitted?: number
  /** No key: the table itself answers. */
  readonly unkeyed?: boolean
}

/** Fills datasets a and b, and a table `kinds` to join with. */
export async function filled(
  r: Random,
  setting: Setting,
  file = ':memory:',
): Promise<{ db: Connection; model: Model }> {
  const { dim, index, metric, rows, uncommitted = 0 } = setting
  const db = await open(file)
  const model = new Model(metric, dim, false)
  if (setting.unkeyed) {
    db.exec(`CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, content TEXT, meta TEXT, embedding BLOB);
      CREATE UNIQUE INDEX only_now ON _vec_docs(dataset_id, id)`)
  }
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=${metric}, index=${index});
    CREATE TABLE kinds(id TEXT PRIMARY KEY, odd INTEGER)`)
  if (setting.unkeyed) db.exec('DROP INDEX only_now')
  const kind = db.prepare('INSERT OR IGNORE INTO kinds VALUES (?, ?)')
  const add = (n: number): void => {
    const id = `r${n}`
    put(db, model, n % 5 === 4 ? 'b' : 'a', id, r.vector(dim))
    kind.run(id, n % 2)
  }
  db.transaction(() => {
    for (let n = 0; n < rows - uncommitted; n++) add(n)
  })()
  db.prepare(
    `SELECT doc_id FROM docs WHERE dataset_id IN ('a', 'b') AND doc_id MATCH ? LIMIT 1`,
  ).get(r.vector(dim))
  if (uncommitted > 0) {
    db.exec('BEGIN')
    for (let n = rows - uncommitted; n < rows; n++) add(n)
  }
  return { db, model }
}

function put(
  db: Connection,
  model: Model,
  dataset: string,
  id: string,
  vector: Float32Array,
): void {
  const embedding = new Uint8Array(vector.buffer.slice(0))
  db.prepare(`INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)`).run(
    dataset,
    id,
    embedding,
  )
  model.put({ dataset, id, embedding, archived: 0, content: null, meta: '' })
}

let fresh = 0

/** One write: of a row far away or near, a new one, or one that goes; now and then rolled back. Which row it was. */
export function change(
  r: Random,
  db: Connection,
  model: Model,
  query: Float32Array,
  dim: number,
): string {
  const rows = [...model.rows.values()]
  const victim = r.pick(rows)
  const vector = r.chance(0.5) ? query.map(x => x + (r.next() - 0.5) / 10) : r.vector(dim)
  const embedding = new Uint8Array(vector.buffer.slice(0))
  if (r.chance(0.2)) {
    db.exec('SAVEPOINT never')
    db.prepare('DELETE FROM _vec_docs WHERE dataset_id = ? AND id = ?').run(
      victim.dataset,
      victim.id,
    )
    db.exec('ROLLBACK TO never; RELEASE never')
    return ''
  }
  if (r.chance(0.3)) {
    db.prepare('DELETE FROM _vec_docs WHERE dataset_id = ? AND id = ?').run(
      victim.dataset,
      victim.id,
    )
    model.delete(victim.dataset, victim.id)
  } else if (r.chance(0.5)) {
    db.prepare('UPDATE _vec_docs SET embedding = ? WHERE dataset_id = ? AND id = ?').run(
      embedding,
      victim.dataset,
      victim.id,
    )
    model.put({ ...victim, embedding })
  } else {
    const id = `new${fresh++}`
    put(db, model, victim.dataset, id, vector)
    return `${victim.dataset} ${id}`
  }
  return `${victim.dataset} ${victim.id}`
}
