// Searches a set with one thread and with two, beside sqlite-vec, and prints the times: `node threads-process.js set seed rounds`.
// A process of its own, because the bench itself keeps to one core.

import { setTimeout as sleep } from 'node:timers/promises'
import { threads } from '../../src/accelerators/threads/threads.ts'
import { threadPool } from '../../src/entries/vec.ts'
import { queryOf, sentenceSet, wordSet } from '../data/sets.ts'
import { interleave, type Contender } from '../measure.ts'
import { NEAREST, PEER_NEAREST } from './nearest.ts'
import { loadOurs, loadSqliteVec } from './tables.ts'
import type { ThreadTimes } from './threads.ts'

const BATCH = 100
const CHECKED = 200

const [name, seed, rounds] = process.argv.slice(2)
const set = name === 'words' ? wordSet(Number(seed)) : sentenceSet()!
threadPool.size = 2
const { db } = await loadOurs(set, `threads-${set.dim}.sqlite`)
const peer = loadSqliteVec(set, `threads-${set.dim}-peer.sqlite`)

const nearest = db.prepare(NEAREST)
nearest.all(queryOf(set, 0))
threads.help = 'always'
for (let tries = 0; threadPool.running === 0; tries++) {
  if (tries === 1000) throw new Error('no thread has started')
  nearest.all(queryOf(set, 0))
  await sleep(10)
}

let equal = 0
for (let i = 0; i < CHECKED; i++) {
  const [two, one] = (['always', 'never'] as const).map(help => {
    threads.help = help
    return JSON.stringify(nearest.all(queryOf(set, i)))
  })
  if (one === two) equal++
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

const contenders: Contender[] = [
  { name: 'one', perRound: 20, run: i => searched('never', i) },
  // As users have it: searches with one thread try from time to time whether that is faster.
  { name: 'two', perRound: 20, run: i => searched('measured', i) },
  { name: 'batch', perRound: 1, run: searchedAll },
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
  batchSize: BATCH,
  peer: times.get('peer'),
  equal,
  checked: CHECKED,
}
process.stdout.write(JSON.stringify(found))
db.close()
peer?.db.close()

function searched(help: typeof threads.help, query: number): void {
  threads.help = help
  nearest.all(queryOf(set, query))
}

function searchedAll(): void {
  threads.help = 'measured'
  batch.all()
}
