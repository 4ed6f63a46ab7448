import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { open, type Connection } from '../../src/main.ts'
import { queryOf, rowOf, type DataSet } from '../data/sets.ts'
import { summarize, time, type Times } from '../measure.ts'
import { createHnsw, type NativeDatabase } from '../peers/native.ts'
import { milliseconds, type Finding } from '../report.ts'
import { spread } from './search.ts'
import { loadOurs, loadSqliteVec, NEAREST, PEER_NEAREST } from './tables.ts'

const INSERT = 'INSERT INTO _vec_v(dataset_id, id, embedding) VALUES (?, ?, ?)'

/** What a changed row costs the next search. */
export async function freshnessCase(words: DataSet, rounds: number): Promise<Finding[]> {
  const { db, path } = await loadOurs(words, 'freshness.sqlite')
  const peer = loadSqliteVec(words, 'freshness-peer.sqlite')
  const nearest = db.prepare(NEAREST).pluck()
  // The first change after opening also makes the table of ids: a cost of once a process.
  nearest.all(queryOf(words, 0))
  db.prepare(INSERT).run('d', 'the first', rowOf(words, 0))
  nearest.all(queryOf(words, 0))

  const findings = [
    ...afterInsert(db, peer?.db, words, rounds),
    afterManyChanges(db, words, rounds),
    await besideWriter(db, path, words),
  ]
  const raw = words.rows.byteLength
  db.close()
  const again = await open(path)
  const saved = again
    .prepare('SELECT sum(length(data)) FROM vector_storage_chunks')
    .pluck()
    .get() as number
  again.close()
  findings.push(
    {
      what: 'size of the saved index, share of the raw float32',
      ours: `${(saved / raw).toFixed(3)}x`,
      peer: '',
      ratio: '',
      floor: '0.35x',
      met: saved / raw <= 0.35,
    },
    freshProcess(path, words, rounds),
  )
  if (peer) findings.push(rebuildOfPeer(words))
  peer?.db.close()
  return findings
}

function afterInsert(
  db: Connection,
  peer: NativeDatabase | undefined,
  words: DataSet,
  rounds: number,
): Finding[] {
  const nearest = db.prepare(NEAREST).pluck()
  const insert = db.prepare(INSERT)
  const quiet: number[] = []
  const commit: number[] = []
  const after: number[] = []
  const within: number[] = []
  const peerQuiet: number[] = []
  const peerAfter: number[] = []
  const peerNearest = peer?.prepare(PEER_NEAREST).raw()
  const peerInsert = peer?.prepare('INSERT INTO v(embedding) VALUES (?)')
  for (let i = 0; i < rounds * 10; i++) {
    const query = queryOf(words, i)
    quiet.push(time(() => nearest.all(query)))
    commit.push(time(() => insert.run('d', `new ${i}`, rowOf(words, i))))
    after.push(time(() => nearest.all(query)))
    db.exec('BEGIN')
    insert.run('d', `open ${i}`, rowOf(words, i))
    within.push(time(() => nearest.all(query)))
    db.exec('ROLLBACK')
    if (i % 10 === 0 && peerNearest && peerInsert) {
      peerQuiet.push(time(() => peerNearest.all(query)))
      peerInsert.run(rowOf(words, i))
      peerAfter.push(time(() => peerNearest.all(query)))
    }
  }
  const base = summarize(quiet)
  const peerText = (times: number[]): string =>
    times.length === 0
      ? ''
      : `sqlite-vec ${spread(summarize(times))}, quiet ${milliseconds(summarize(peerQuiet).median)}`
  return [
    over(
      'one insert in autocommit, then a search: over the search alone',
      summarize(after),
      base,
      1.5,
      {
        note: `; the insert itself ${milliseconds(summarize(commit).median)}, fsync included`,
        peer: peerText(peerAfter),
      },
    ),
    over(
      'one insert, one search in an open transaction: over the search alone',
      summarize(within),
      base,
      1.3,
      {
        note: '',
        peer: '',
      },
    ),
  ]
}

function over(
  what: string,
  times: Times,
  base: Times,
  floor: number,
  extra: { readonly note: string; readonly peer: string },
): Finding {
  const ratio = times.median / base.median
  return {
    what,
    ours: `${spread(times)}, quiet ${milliseconds(base.median)}${extra.note}`,
    peer: extra.peer,
    ratio: `${ratio.toFixed(2)}x`,
    floor: `${floor}x`,
    met: ratio <= floor,
  }
}

function afterManyChanges(db: Connection, words: DataSet, rounds: number): Finding {
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
    peer: '',
    ratio: '',
    floor: '15 ms',
    met: extra <= 15,
  }
}

/** A process of its own writes 500 rows a second while this one searches. */
async function besideWriter(db: Connection, path: string, words: DataSet): Promise<Finding> {
  const nearest = db.prepare(NEAREST).pluck()
  const measure = (count: number): Times => {
    const times: number[] = []
    for (let i = 0; i < count; i++) times.push(time(() => nearest.all(queryOf(words, i))))
    return summarize(times)
  }
  const quiet = measure(200)
  const script = fileURLToPath(new URL('./writer.js', import.meta.url))
  const writer = spawn(process.execPath, [script, path, String(words.dim)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(writer.stdout, 'data')
  const busy = measure(400)
  writer.kill()
  await once(writer, 'exit')
  const ratio = busy.median / quiet.median
  return {
    what: 'search while another process writes 500 rows/s: p50 over the quiet one',
    ours: `${spread(busy)}, quiet ${milliseconds(quiet.median)}`,
    peer: '',
    ratio: `${ratio.toFixed(2)}x`,
    floor: '1.5x',
    met: ratio <= 1.5,
  }
}

function freshProcess(path: string, words: DataSet, rounds: number): Finding {
  const script = fileURLToPath(new URL('./first-search.js', import.meta.url))
  const run = (): void => {
    const { status, stderr } = spawnSync(process.execPath, [script, path, String(words.dim)])
    if (status !== 0) throw new Error(`first-search failed: ${stderr.toString()}`)
  }
  run()
  const times: number[] = []
  for (let i = 0; i < Math.max(5, rounds); i++) times.push(time(run))
  const result = summarize(times)
  return {
    what: 'fresh process: open the file, first search, end; index saved before',
    ours: spread(result),
    peer: '',
    ratio: '',
    floor: '300 ms',
    met: result.median <= 300,
  }
}

/** hnswlib has no transactions and no file of its own to keep up: what it offers is adding a point. */
function rebuildOfPeer(words: DataSet): Finding {
  const index = createHnsw(words.dim)
  if (!index) {
    return {
      what: 'hnswlib: add one point',
      ours: '',
      peer: 'not installed',
      ratio: '',
      floor: '',
      met: undefined,
    }
  }
  index.initIndex({ maxElements: 6000, m: 16, efConstruction: 200, randomSeed: 1 })
  const times: number[] = []
  for (let i = 0; i < 6000; i++) {
    const taken = time(() => index.addPoint(Array.from(rowOf(words, i)), i))
    if (i >= 5000) times.push(taken)
  }
  return {
    what: 'hnswlib: add one point to 5,000 others (in memory, nothing saved)',
    ours: '',
    peer: spread(summarize(times)),
    ratio: '',
    floor: '',
    met: undefined,
  }
}
