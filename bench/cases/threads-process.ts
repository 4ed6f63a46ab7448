// Searches a set with one thread and with two, beside sqlite-vec, and prints the times: `node threads-process.js set seed rounds`.
// A process of its own, because the bench itself keeps to one core.

import { setTimeout as sleep } from 'node:timers/promises'
import { threadPool } from '../../src/entries/vec.ts'
import { Collection } from '../../src/entries/vecutil.ts'
import { queryOf, sentenceSet, wordSet } from '../data/sets.ts'
import { interleave, type Contender } from '../measure.ts'
import { NEAREST, PEER_NEAREST } from './nearest.ts'
import { loadOurs, loadSqliteVec } from './tables.ts'
import type { ThreadTimes } from './threads.ts'

const BATCH = 100
const CHECKED = 200

const [name, seed, rounds] = process.argv.slice(2)
const set = name === 'words' ? wordSet(Number(seed)) : sentenceSet()!
// An index that is built while the size is 1 stays with one thread.
threadPool.size = 1
const one = await loadOurs(set, `threads-${set.dim}-one.sqlite`)
const nearestByOne = one.db.prepare(NEAREST)
nearestByOne.all(queryOf(set, 0))
threadPool.size = 2
const { db } = await loadOurs(set, `threads-${set.dim}-two.sqlite`)
const nearest = db.prepare(NEAREST)
for (let tries = 0; threadPool.running === 0; tries++) {
  if (tries === 1000) throw new Error('no thread has started')
  nearest.all(queryOf(set, 0))
  await sleep(10)
}
const peer = loadSqliteVec(set, `threads-${set.dim}-peer.sqlite`)

let equal = 0
for (let i = 0; i < CHECKED; i++) {
  const [a, b] = [nearestByOne, nearest].map(each => JSON.stringify(each.all(queryOf(set, i))))
  if (a === b) equal++
}

db.exec('CREATE TEMP TABLE q(id INTEGER PRIMARY KEY, vector BLOB)')
const insert = db.prepare('INSERT INTO temp.q VALUES (?, ?)')
db.transaction(() => {
  for (let i = 0; i < BATCH; i++) insert.run(i, queryOf(set, i))
})()
const batch = db.prepare(
  `SELECT q.id, doc_id, match_score FROM temp.q CROSS JOIN v
   WHERE dataset_id = 'd' AND doc_id MATCH q.vector AND k = 10`,
)

const collection = new Collection(db, { table: 'v', dataset: 'd' })
const vectors = Array.from({ length: BATCH }, (_, i) => queryOf(set, i))
const together = collection.queryManySync(vectors, { k: 10, include: [] })
for (const [i, hits] of together.entries()) {
  const alone = nearestByOne.all(queryOf(set, i)) as { doc_id: string; match_score: number }[]
  const same = alone.every(
    (row, at) => row.doc_id === hits[at].id && row.match_score === hits[at].score,
  )
  if (same && alone.length === hits.length) equal++
}

const contenders: Contender[] = [
  { name: 'one', perRound: 20, run: i => nearestByOne.all(queryOf(set, i)) },
  { name: 'two', perRound: 20, run: i => nearest.all(queryOf(set, i)) },
  { name: 'batch', perRound: 1, run: () => batch.all() },
  {
    name: 'together',
    perRound: 1,
    run: () => collection.queryManySync(vectors, { k: 10, include: [] }),
  },
]
if (peer) {
  const statement = peer.db.prepare(PEER_NEAREST).raw()
  contenders.push({ name: 'peer', perRound: 2, run: i => statement.all(queryOf(set, i)) })
}
const times = interleave(contenders, Number(rounds))
const found: ThreadTimes = {
  set: set.name,
  one: times.get('one')!,
  two: times.get('two')!,
  batch: times.get('batch')!,
  together: times.get('together')!,
  batchSize: BATCH,
  peer: times.get('peer'),
  equal,
  checked: CHECKED + BATCH,
}
process.stdout.write(JSON.stringify(found))
one.db.close()
db.close()
peer?.db.close()
