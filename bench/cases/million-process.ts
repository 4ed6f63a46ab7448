// Loads many rows, searches them and prints what it measured: `node million-process.js file rows dim seed rounds`. A process of
// its own, because the bench itself keeps to one core.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { insertMany, open, type InsertRow } from '../../src/entries/main.ts'
import { threadPool } from '../../src/entries/vec.ts'
import { seededNormal, seededRandom } from '../data/random.ts'
import { summarize, time } from '../measure.ts'
import type { MillionFacts } from './million.ts'

const PAGE_BYTES = 16384
const BATCH = 250_000
const CENTRES = 2000
const NOISE = 0.6
const POOL = 1 << 20
const RECALL = 0.98
const CHECKED = 5
const INSERTED = 15
/** An incomplete manifest is shorter than one that lists blocks. */
const COMPLETE_BYTES = 1000

const [file, rows, dim, seed, rounds] = [process.argv[2], ...process.argv.slice(3).map(Number)] as [
  string,
  number,
  number,
  number,
  number,
]
const random = seededRandom(seed)
const normal = seededNormal(seed)
const centres = Float32Array.from({ length: CENTRES * dim }, normal)
const noise = Float32Array.from({ length: POOL + dim }, normal)

/** A centre, and noise that begins anywhere in the pool: drawing each number would take longer than the load. */
function draw(to: Float32Array): void {
  const centre = Math.floor(random() * CENTRES) * dim
  const from = Math.floor(random() * POOL)
  for (let i = 0; i < dim; i++) to[i] = centres[centre + i] + NOISE * noise[from + i]
}

const vector = new Float32Array(dim)

function* drawn(from: number, to: number): Generator<InsertRow> {
  for (let i = from; i < to; i++) {
    draw(vector)
    yield ['d', `doc-${i}`, vector]
  }
}

const db = await open(file)
db.pragma(`page_size = ${PAGE_BYTES}`)
db.exec(`CREATE VIRTUAL TABLE v USING vec(doc_id, recall=${RECALL})`)
db.exec('CREATE TABLE notes(n)')
const rates: number[] = []
const loadTime = time(() => {
  for (let from = 0; from < rows; from += BATCH) {
    const to = Math.min(rows, from + BATCH)
    const taken = time(() =>
      insertMany(db, '_vec_v', ['dataset_id', 'id', 'embedding'], drawn(from, to)),
    )
    rates.push(((to - from) / taken) * 1000)
  }
})
const queries = Array.from({ length: 64 }, () => {
  const query = new Float32Array(dim)
  draw(query)
  return query
})
const nearest = db.prepare(
  `SELECT doc_id FROM v WHERE dataset_id = 'd' AND doc_id MATCH ? AND recall = ?
   ORDER BY match_score DESC LIMIT 10`,
)
const search = (i: number, recall: number): string[] =>
  nearest.pluck().all(queries[i % queries.length], recall) as string[]

const buildTime = time(() => search(0, 1))

// A second process writes while this one saves.
const writer = fork(fileURLToPath(new URL('million-writer.js', import.meta.url)), [file])
await once(writer, 'message')
const saved = db.prepare('SELECT max(length("index")) FROM vector_storage').pluck()
while (Number(saved.get() ?? 0) < COMPLETE_BYTES) await sleep(200)
writer.send('stop')
const [waits] = (await once(writer, 'message')) as [number[]]

const measured = (recall: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => time(() => search(i, recall)))
for (let i = 0; i < 5 || (threadPool.size > 1 && threadPool.running === 0 && i < 500); i++) {
  search(i, 1)
  await sleep(5)
}
const exact = measured(1, rounds)
const insert = db.prepare('INSERT INTO v(dataset_id, doc_id, embedding) VALUES (?, ?, ?)')
const answers = queries.slice(0, CHECKED).map((_, i) => search(i, 1))
const inserted = Array.from({ length: INSERTED + 1 }, (_, i) =>
  time(() => {
    draw(vector)
    insert.run('d', `new-${i}`, vector)
    search(i, 1)
  }),
)
db.exec(`DELETE FROM _vec_v WHERE id GLOB 'new-*'`)
db.prepare("SELECT op FROM vec_admin WHERE op MATCH 'optimize:v:d'").all()
search(0, RECALL)
const approximate = measured(RECALL, rounds * 2)
let found = 0
for (let i = 0; i < queries.length; i++) {
  const wanted = new Set(search(i, 1))
  found += search(i, RECALL).filter(id => wanted.has(id)).length
}

const facts: MillionFacts = {
  rows,
  dim,
  loadTime,
  slowest: Math.min(...rates),
  buildTime,
  exact: summarize(exact),
  approximate: summarize(approximate),
  recall: found / (queries.length * 10),
  promised: RECALL,
  inserted: summarize(inserted.slice(1)),
  longestWait: Math.max(...waits),
  writes: waits.length,
  equal: answers.filter((ids, i) => ids.join() === bruteForce(queries[i]).join()).length,
  checked: CHECKED,
  rss: process.resourceUsage().maxRSS * 1024,
}
process.stdout.write(JSON.stringify(facts))
db.close()

/** The ids of the nearest 10, from all rows, in double precision. */
function bruteForce(query: Float32Array): string[] {
  const best: { id: string; score: number }[] = []
  const all = db.prepare(`SELECT id, embedding FROM _vec_v WHERE dataset_id = 'd'`)
  for (const { id, embedding } of all.iterate() as Iterable<{
    id: string
    embedding: Uint8Array
  }>) {
    const row = new Float32Array(embedding.buffer, embedding.byteOffset, dim)
    let product = 0
    let squares = 0
    for (let i = 0; i < dim; i++) {
      product += row[i] * query[i]
      squares += row[i] * row[i]
    }
    const score = product / Math.sqrt(squares)
    if (best.length === 10 && score <= best[9].score) continue
    best.push({ id, score })
    best.sort((a, b) => b.score - a.score)
    best.length = Math.min(best.length, 10)
  }
  return best.map(({ id }) => id)
}
