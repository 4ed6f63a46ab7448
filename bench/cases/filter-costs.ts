import { open, type Connection } from '../../src/entries/main.ts'
import { queryOf, rowOf, type DataSet } from '../data/sets.ts'
import { interleave } from '../measure.ts'
import { milliseconds, type Finding } from '../report.ts'

const IDS = 100_000
const INSERTS = 100

/** What the copies of the columns take beside the index, as `explain:` tells it. */
export function columnMemory(db: Connection): Finding {
  const op = String(
    db
      .prepare("SELECT op FROM vec_admin WHERE op MATCH 'explain:docs:d' AND topic = 'columns'")
      .pluck()
      .get(),
  )
  const bytes = Number(/([\d.]+) bytes a row/.exec(op)?.[1])
  const whole = ['lang', 'bucket', 'price', 'tags'].every(column => op.includes(`${column} (`))
  return {
    what: 'memory of 4 metadata columns, bytes a row',
    ours: whole ? String(bytes) : `${bytes}, not all four`,
    peer: '',
    ratio: '',
    floor: '24',
    met: whole && bytes <= 24,
  }
}

/** A search among 100,000 ids, over what SQLite takes to make its own list of them. */
export function listCost(db: Connection, set: DataSet, rounds: number): Finding {
  const list = JSON.stringify(
    Array.from({ length: IDS }, (_, i) => set.ids[(i * 3) % set.ids.length]),
  )
  const search = db
    .prepare(
      `SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? AND k = 10
        AND doc_id IN (SELECT value FROM json_each(?))`,
    )
    .pluck()
  const alone = db.prepare("SELECT '' IN (SELECT value FROM json_each(?))").pluck()
  const times = interleave(
    [
      { name: 'search', perRound: 1, run: i => search.all(queryOf(set, i), list) },
      { name: 'list', perRound: 1, run: () => alone.get(list) },
    ],
    Math.min(rounds, 10),
  )
  const [ours, own] = [times.get('search')!, times.get('list')!]
  const nanoseconds = ((ours.median - own.median) / IDS) * 1e6
  return {
    what: 'search among 100,000 ids of a list, beyond the list that SQLite makes of them',
    ours: milliseconds(ours.median),
    peer: `the list alone ${milliseconds(own.median)}`,
    ratio: `${nanoseconds.toFixed(0)} ns an id`,
    floor: '200 ns',
    met: nanoseconds <= 200,
  }
}

/** Single inserts in one transaction in memory, where neither the disk nor a commit hides the difference. */
export async function insertCost(set: DataSet): Promise<Finding> {
  const db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE plain USING vec(doc_id);
    CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT, bucket INTEGER, price REAL, tags JSON)`)
  const plain = db.prepare("INSERT INTO plain(dataset_id, doc_id, embedding) VALUES ('d', ?, ?)")
  const docs =
    db.prepare(`INSERT INTO docs(dataset_id, doc_id, embedding, lang, bucket, price, tags)
    VALUES ('d', ?, ?, 'en', ?, ?, '["t1"]')`)
  const batch = (insert: (row: number) => void): ((i: number) => void) => {
    return i => {
      for (let row = i * INSERTS; row < (i + 1) * INSERTS; row++) insert(row)
    }
  }
  db.exec('BEGIN')
  const times = interleave(
    [
      {
        name: 'with',
        perRound: 1,
        run: batch(row => docs.run(set.ids[row], rowOf(set, row), row % 1000, row / 3)),
      },
      { name: 'without', perRound: 1, run: batch(row => plain.run(set.ids[row], rowOf(set, row))) },
    ],
    200,
  )
  db.exec('COMMIT')
  db.close()
  const [own, without] = [times.get('with')!, times.get('without')!]
  const ratio = own.median / without.median
  return {
    what: 'one insert with 4 metadata columns, in a transaction in memory: over one without',
    ours: milliseconds(own.median / INSERTS),
    peer: `without ${milliseconds(without.median / INSERTS)}`,
    ratio: `${ratio.toFixed(2)}x`,
    floor: '1.3x',
    met: ratio <= 1.3,
  }
}
