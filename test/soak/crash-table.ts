import { open, type Connection } from '../../src/entries/main.ts'
import { wrong } from '../freshness/oracle.ts'
import { seeded } from '../freshness/seeded.ts'

export const DIM = 100
/** Ids in use: more floats than stay in memory. */
export const ROWS = 3600

/** A filled table, and a tally of it that every transaction adds to. */
export async function makeTable(path: string, journalMode: string): Promise<void> {
  using db = await open(path)
  db.pragma(`journal_mode = ${journalMode}`)
  const random = seeded(1)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  db.exec('CREATE TABLE tally(n INTEGER PRIMARY KEY, rows INTEGER, scns INTEGER, bytes INTEGER)')
  const put = db.prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)')
  db.transaction(() => {
    for (let n = 0; n < ROWS; n++) {
      const vector = Float32Array.from({ length: DIM }, () => random() - 0.5)
      put.run(n % 10 === 0 ? 'b' : 'a', `d${n}`, vector)
    }
  })()
}

/** The number of the last transaction in the file; throws when something is missing or an answer is wrong. */
export async function audit(path: string, seed: number): Promise<number> {
  using db = await open(path)
  const integrity = db.pragma('integrity_check', { simple: true })
  if (integrity !== 'ok') throw new Error(`integrity_check: ${String(integrity)}`)
  const n = auditTally(db)
  const random = seeded(seed)
  const query = Float32Array.from({ length: DIM }, () => random() - 0.5)
  for (const dataset of ['a', 'b']) {
    const problem = wrong(db, { table: 'docs', dataset, query, metric: 'cosine' }, [
      1,
      10,
      undefined,
    ])
    if (problem !== undefined) throw new Error(problem)
  }
  return n
}

function auditTally(db: Connection): number {
  const last = db.prepare('SELECT * FROM tally ORDER BY n DESC LIMIT 1').raw().get() as
    | number[]
    | undefined
  if (!last) return 0
  const [n, ...told] = last
  const found = db
    .prepare(
      'SELECT count(*), coalesce(sum(scn), 0), coalesce(sum(length(embedding)), 0) FROM _vec_docs',
    )
    .raw()
    .get() as number[]
  if (String(found) !== String(told))
    throw new Error(
      `transaction ${n} left rows, numbers, bytes ${String(told)}, found are ${String(found)}`,
    )
  return n
}
