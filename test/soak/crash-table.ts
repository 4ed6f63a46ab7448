import { open, type Connection } from '../../src/entries/main.ts'
import { wrong } from '../freshness/oracle.ts'
import { seeded } from '../freshness/seeded.ts'
import {
  CLUSTERED_DIM,
  CLUSTERED_ROWS,
  ClusteredVectors,
  FEWEST_CLUSTERED,
  PROMISES,
  type RecallTally,
  untilClustered,
} from './clustered.ts'

/** What the child works on. */
export interface CrashWorld {
  readonly dim: number
  /** Ids in use: more floats than stay in memory. */
  readonly rows: number
  /** Options of the table. */
  readonly options: string
  /** Rows that once in a while go all at once, in the transaction of this number. */
  readonly many: string
  readonly vectors: (random: () => number) => () => Float32Array
}

export type CrashWorldName = 'scan' | 'clusters'

export const CRASH_WORLDS: Readonly<Record<CrashWorldName, CrashWorld>> = {
  scan: {
    dim: 100,
    rows: 3600,
    options: '',
    // Most of an index is dead, and it is compacted.
    many: 'scn % 2 = ?1 % 2',
    vectors: random => () => Float32Array.from({ length: 100 }, () => random() - 0.5),
  },
  // Clusters are made, saved and outgrown.
  clusters: {
    dim: CLUSTERED_DIM,
    rows: CLUSTERED_ROWS,
    options: `, recall=${PROMISES[0]}`,
    many: "id LIKE '%' || substr('0' || (?1 % 100), -2)",
    vectors: random => {
      const vectors = new ClusteredVectors(random)
      return () => vectors.next()
    },
  },
}

/** A filled table, and a tally of it that every transaction adds to. */
export async function makeTable(
  path: string,
  journalMode: string,
  { options, rows, vectors }: CrashWorld,
): Promise<void> {
  using db = await open(path)
  db.pragma(`journal_mode = ${journalMode}`)
  const next = vectors(seeded(1))
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id${options})`)
  db.exec('CREATE TABLE tally(n INTEGER PRIMARY KEY, rows INTEGER, scns INTEGER, bytes INTEGER)')
  const put = db.prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)')
  db.transaction(() => {
    for (let n = 0; n < rows; n++) put.run(n % 10 === 0 ? 'b' : 'a', `d${n}`, next())
  })()
}

/**
 * The number of the last transaction in the file; throws when something is missing or an answer is wrong. `recalls`: clusters
 * have to be there, too.
 */
export async function audit(
  path: string,
  seed: number,
  { vectors }: CrashWorld,
  recalls?: RecallTally,
): Promise<number> {
  using db = await open(path)
  const integrity = db.pragma('integrity_check', { simple: true })
  if (integrity !== 'ok') throw new Error(`integrity_check: ${String(integrity)}`)
  const n = auditTally(db)
  const next = vectors(seeded(seed))
  for (const dataset of ['a', 'b']) {
    const question = { table: 'docs', dataset, query: next(), metric: 'cosine' } as const
    const exact = recalls ? { ...question, recall: 1 } : question
    const problem = wrong(db, exact, [1, 10, undefined])
    if (problem !== undefined) throw new Error(problem)
  }
  if (recalls) await auditClusters(db, next, recalls)
  return n
}

/** What is saved is intact, and clusters answer. */
async function auditClusters(
  db: Connection,
  next: () => Float32Array,
  recalls: RecallTally,
): Promise<void> {
  const findings = db
    .prepare("SELECT op FROM vec_admin WHERE op MATCH 'check:docs:a'")
    .pluck()
    .all() as string[]
  const damaged = findings.filter(op => /damaged|cannot be/.test(op))
  if (damaged.length > 0) throw new Error(damaged.join('\n'))
  const count = db.prepare("SELECT count(*) FROM _vec_docs WHERE dataset_id = 'a'").pluck().get()
  if (Number(count) < FEWEST_CLUSTERED) return
  const question = { table: 'docs', dataset: 'a', query: next(), metric: 'cosine' } as const
  await untilClustered(db, question)
  for (let n = 0; n < 4; n++) {
    for (const recall of PROMISES) {
      const problem = recalls.ask(db, { ...question, query: next() }, recall)
      if (problem !== undefined) throw new Error(problem)
    }
  }
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
