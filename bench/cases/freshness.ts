import { open, type Connection } from '../../src/entries/main.ts'
import { queryOf, rowOf, type DataSet } from '../data/sets.ts'
import { summarize, time, type Times } from '../measure.ts'
import { milliseconds, type Finding } from '../report.ts'
import { freshnessPeers, type FreshnessPeer } from './freshness-peers.ts'
import { NEAREST } from './nearest.ts'
import { wholeProcess, whileWriting } from './processes.ts'
import { spread } from './search.ts'
import { loadOurs } from './tables.ts'

const INSERT = 'INSERT INTO _vec_v(dataset_id, id, embedding) VALUES (?, ?, ?)'

export interface FreshnessOptions {
  readonly rounds: number
  readonly hnsw: boolean
  /** Where this process is pinned; undefined: nowhere. */
  readonly core: number | undefined
}

/** What a changed row costs the next search. */
export async function freshnessCase(
  words: DataSet,
  { rounds, hnsw, core }: FreshnessOptions,
): Promise<Finding[]> {
  const { db, path } = await loadOurs(words, 'freshness.sqlite')
  const peers = freshnessPeers(words, hnsw)
  const nearest = db.prepare(NEAREST).pluck()
  // The first change after opening also makes the table of ids: a cost of once a process.
  nearest.all(queryOf(words, 0))
  db.prepare(INSERT).run('d', 'the first', rowOf(words, 0))
  nearest.all(queryOf(words, 0))

  const findings = [
    afterInsert(db, peers, words, rounds),
    withinTransaction(db, peers, words, rounds),
    afterManyChanges(db, peers, words, rounds),
    await besideWriter(db, path, peers, words, core),
  ]
  db.close()
  findings.push(await savedSize(path, words), ...freshProcess(path, peers, words, rounds))
  for (const peer of peers) peer.close()
  return findings
}

function texts(peers: readonly FreshnessPeer[], step: (peer: FreshnessPeer) => string): string {
  return peers
    .map(step)
    .filter(text => text !== '')
    .join('; ')
}

function over(
  what: string,
  ours: Times,
  base: Times,
  floor: number,
  peer: string,
  note = '',
): Finding {
  const ratio = ours.median / base.median
  return {
    what,
    ours: `${spread(ours)}, quiet ${milliseconds(base.median)}${note}`,
    peer,
    ratio: `${ratio.toFixed(2)}x`,
    floor: `${floor}x`,
    met: ratio <= floor,
  }
}

function afterInsert(
  db: Connection,
  peers: readonly FreshnessPeer[],
  words: DataSet,
  rounds: number,
): Finding {
  const nearest = db.prepare(NEAREST).pluck()
  const insert = db.prepare(INSERT)
  const durable: number[] = []
  const quiet: number[] = []
  const both: number[] = []
  for (let i = 0; i < rounds * 10; i++) {
    const query = queryOf(words, i)
    durable.push(time(() => insert.run('d', `durable ${i}`, rowOf(words, i))))
    nearest.all(query)
    // Without waiting for the disk, which would hide all else.
    db.exec('PRAGMA synchronous = OFF')
    quiet.push(time(() => nearest.all(query)))
    both.push(
      time(() => {
        insert.run('d', `new ${i}`, rowOf(words, i))
        nearest.all(query)
      }),
    )
    db.exec('PRAGMA synchronous = FULL')
  }
  return over(
    'one insert in autocommit, then a search, fsync aside: over the search alone',
    summarize(both),
    summarize(quiet),
    1.5,
    texts(peers, peer => peer.insertThenSearch()),
    `; the insert with fsync ${milliseconds(summarize(durable).median)}`,
  )
}

function withinTransaction(
  db: Connection,
  peers: readonly FreshnessPeer[],
  words: DataSet,
  rounds: number,
): Finding {
  const nearest = db.prepare(NEAREST).pluck()
  const insert = db.prepare(INSERT)
  const quiet: number[] = []
  const both: number[] = []
  for (let i = 0; i < rounds * 10; i++) {
    const query = queryOf(words, i)
    quiet.push(time(() => nearest.all(query)))
    db.exec('BEGIN')
    both.push(
      time(() => {
        insert.run('d', `open ${i}`, rowOf(words, i))
        nearest.all(query)
      }),
    )
    db.exec('ROLLBACK')
  }
  return over(
    'one insert and a search in an open transaction: over the search alone',
    summarize(both),
    summarize(quiet),
    1.3,
    texts(peers, peer => peer.insertInTransaction()),
  )
}

function afterManyChanges(
  db: Connection,
  peers: readonly FreshnessPeer[],
  words: DataSet,
  rounds: number,
): Finding {
  const nearest = db.prepare(NEAREST).pluck()
  const change = db.prepare("UPDATE _vec_v SET embedding = ? WHERE dataset_id = 'd' AND id = ?")
  const quiet: number[] = []
  const after: number[] = []
  for (let round = 0; round < rounds; round++) {
    db.transaction(() => {
      for (let i = 0; i < 1000; i++) {
        const at = (round * 1000 + i * 331) % words.ids.length
        change.run(rowOf(words, (at + 1) % words.ids.length), words.ids[at])
      }
    })()
    after.push(time(() => nearest.all(queryOf(words, round))))
    quiet.push(time(() => nearest.all(queryOf(words, round))))
  }
  const extra = summarize(after).median - summarize(quiet).median
  return {
    what: '1,000 changed rows, then one search: more than the search alone',
    ours: `${milliseconds(extra)} (search ${milliseconds(summarize(quiet).median)})`,
    peer: texts(peers, peer => peer.manyChanges()),
    ratio: '',
    floor: '15 ms',
    met: extra <= 15,
  }
}

/** A process of its own writes 500 rows a second while this one searches. */
async function besideWriter(
  db: Connection,
  path: string,
  peers: readonly FreshnessPeer[],
  words: DataSet,
  core: number | undefined,
): Promise<Finding> {
  const nearest = db.prepare(NEAREST).pluck()
  const measure = (count: number): Times =>
    summarize(Array.from({ length: count }, (_, i) => time(() => nearest.all(queryOf(words, i)))))
  const quiet = measure(200)
  const busy = await whileWriting('writer.js', [path, String(words.dim)], core, () => measure(400))
  const peer: string[] = []
  for (const other of peers) peer.push(await other.besideWriter(core))
  return over(
    'search while another process writes 500 rows/s: p50 over the quiet one',
    busy,
    quiet,
    1.5,
    peer.filter(text => text !== '').join('; '),
  )
}

async function savedSize(path: string, words: DataSet): Promise<Finding> {
  const db = await open(path)
  const saved = db
    .prepare('SELECT coalesce(sum(length(data)), 0) FROM vector_storage_chunks')
    .pluck()
    .get() as number
  db.close()
  const share = saved / words.rows.byteLength
  return {
    what: 'size of the saved index, share of the raw float32',
    ours: saved === 0 ? 'not saved' : `${share.toFixed(3)}x`,
    peer: '',
    ratio: '',
    floor: '0.35x',
    met: saved > 0 && share <= 0.35,
  }
}

function freshProcess(
  path: string,
  peers: readonly FreshnessPeer[],
  words: DataSet,
  rounds: number,
): Finding[] {
  const runs = Math.max(5, Math.ceil(rounds / 2))
  const floors = { all: 300, one: 450 }
  return (['all', 'one'] as const).map(cores => {
    const result = wholeProcess('first-search.js', [path, String(words.dim)], runs, cores)
    return {
      what: `fresh process on ${cores === 'all' ? 'all cores' : 'one core'}: open the file, first search, end; index saved before`,
      ours: spread(result),
      peer: texts(peers, peer => peer.freshProcess(5, cores)),
      ratio: '',
      floor: `${floors[cores]} ms`,
      met: result.median <= floors[cores],
    }
  })
}
