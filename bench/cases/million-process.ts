// Loads many rows, searches them and prints what it measured: `node million-process.js file rows dim seed rounds recall`. A process of
// its own, because the bench itself keeps to one core. A file that has the rows of an earlier run is not loaded again.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { insertMany, open, type InsertRow } from '../../src/entries/main.ts'
import { threadPool } from '../../src/entries/vec.ts'
import { SpectrumMixture } from '../data/spectrum-mixture.ts'
import { summarize, time } from '../measure.ts'
import type { MillionFacts } from './million.ts'

const PAGE_BYTES = 16384
const BATCH = 250_000
const CHECKED = 5
const INSERTED = 15
/** An incomplete manifest is shorter than one that lists blocks. */
const COMPLETE_BYTES = 1000
/** A save that takes longer is not waited for. */
const MOST_SAVE_MS = 600_000

const [file, rows, dim, seed, rounds, recall] = [
  process.argv[2],
  ...process.argv.slice(3).map(Number),
] as [string, number, number, number, number, number]
const mixture = new SpectrumMixture(seed, dim)

const vector = new Float32Array(dim)

function* drawn(from: number, to: number): Generator<InsertRow> {
  for (let i = from; i < to; i++) {
    mixture.draw(vector)
    yield ['d', `doc-${i}`, vector]
  }
}

const db = await open(file)
const rates: number[] = []
const loadTime = isLoaded() ? undefined : time(load)
report('loaded')
const queries = Array.from({ length: 64 }, () => {
  const query = new Float32Array(dim)
  mixture.draw(query)
  return query
})
const nearest = db.prepare(
  `SELECT doc_id FROM v WHERE dataset_id = 'd' AND doc_id MATCH ? AND recall = ?
   ORDER BY match_score DESC LIMIT 10`,
)
const search = (i: number, share: number): string[] =>
  nearest.pluck().all(queries[i % queries.length], share) as string[]

const buildTime = time(() => search(0, 1))
report('built')

// A second process writes while this one saves.
const writer = fork(fileURLToPath(new URL('million-writer.js', import.meta.url)), [file])
await once(writer, 'message')
const saved = db.prepare('SELECT max(length("index")) FROM vector_storage').pluck()
const savedBy = performance.now() + MOST_SAVE_MS
while (Number(saved.get() ?? 0) < COMPLETE_BYTES && performance.now() < savedBy) await sleep(200)
writer.send('stop')
const [waits] = (await once(writer, 'message')) as [number[]]

report('saved')

const measured = (share: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => time(() => search(i, share)))
for (let i = 0; i < 5 || (threadPool.size > 1 && threadPool.running === 0 && i < 500); i++) {
  search(i, 1)
  await sleep(5)
}
const exact = measured(1, rounds)
report('searched exactly')
const insert = db.prepare('INSERT INTO v(dataset_id, doc_id, embedding) VALUES (?, ?, ?)')
const answers = queries.slice(0, CHECKED).map((_, i) => search(i, 1))
const durable: number[] = []
const inserts: number[] = []
const inserted: number[] = []
const again: number[] = []
for (let i = 0; i < 2 * INSERTED; i++) {
  const syncs = i % 2 === 0
  db.pragma(`synchronous = ${syncs ? 'FULL' : 'OFF'}`)
  mixture.draw(vector)
  const insertTime = time(() => insert.run('d', `new-${i}`, vector))
  const searchTime = time(() => search(i, 1))
  if (syncs) durable.push(insertTime)
  else {
    inserts.push(insertTime)
    inserted.push(insertTime + searchTime)
    again.push(time(() => search(i, 1)))
  }
}
db.pragma('synchronous = FULL')
db.exec(`DELETE FROM _vec_v WHERE id GLOB 'new-*'`)
const clusterTime = time(() => {
  db.prepare("SELECT op FROM vec_admin WHERE op MATCH 'optimize:v:d'").all()
})
search(0, recall)
report('made clusters')
const clusters = db
  .prepare("SELECT op FROM vec_admin WHERE op MATCH 'stats:v:d'")
  .pluck()
  .all()
  .filter(line => /clusters|recall/.test(String(line)))
process.stderr.write(`${clusters.join('\n')}\n`)
const approximate = measured(recall, rounds * 2)
let found = 0
for (let i = 0; i < queries.length; i++) {
  const wanted = new Set(search(i, 1))
  found += search(i, recall).filter(id => wanted.has(id)).length
}

report('searched approximately')
const expected = bruteForce()
report('compared')

const facts: MillionFacts = {
  rows,
  dim,
  loadTime,
  slowest: Math.min(...rates),
  buildTime,
  clusterTime,
  exact: summarize(exact),
  approximate: summarize(approximate),
  recall: found / (queries.length * 10),
  promised: recall,
  inserted: summarize(inserted),
  again: summarize(again),
  insert: summarize(inserts),
  durable: summarize(durable),
  longestWait: Math.max(...waits),
  writes: waits.length,
  equal: answers.filter((ids, i) => ids.join() === expected[i].join()).length,
  checked: CHECKED,
  rss: process.resourceUsage().maxRSS * 1024,
}
process.stdout.write(JSON.stringify(facts))
db.close()

function load(): void {
  db.pragma(`page_size = ${PAGE_BYTES}`)
  db.exec(`CREATE VIRTUAL TABLE v USING vec(doc_id, recall=${recall})`)
  db.exec('CREATE TABLE notes(n)')
  for (let from = 0; from < rows; from += BATCH) {
    const to = Math.min(rows, from + BATCH)
    const taken = time(() =>
      insertMany(db, '_vec_v', ['dataset_id', 'id', 'embedding'], drawn(from, to)),
    )
    rates.push(((to - from) / taken) * 1000)
  }
}

/** Whether an earlier run has loaded the rows. What it has saved beside them is gone then. */
function isLoaded(): boolean {
  const tables = db.prepare("SELECT count(*) FROM sqlite_master WHERE name = '_vec_v'").pluck()
  if (tables.get() === 0) return false
  db.exec('DELETE FROM vector_storage')
  for (let i = 0; i < rows; i++) mixture.draw(vector)
  return true
}

/** What has been done, on the terminal: such runs take long. */
function report(step: string): void {
  const memory = Math.round((process.resourceUsage().maxRSS * 1024) / 1e6)
  process.stderr.write(`${new Date().toISOString()} ${step}, at most ${memory} MB so far\n`)
}

/** The ids of the nearest 10 of the first queries, from all rows, in double precision. */
function bruteForce(): string[][] {
  const best = Array.from({ length: CHECKED }, (): { id: string; score: number }[] => [])
  const all = db.prepare(`SELECT id, embedding FROM _vec_v WHERE dataset_id = 'd'`)
  for (const { id, embedding } of all.iterate() as Iterable<{
    id: string
    embedding: Uint8Array
  }>) {
    const row = new Float32Array(embedding.buffer, embedding.byteOffset, dim)
    let squares = 0
    for (let i = 0; i < dim; i++) squares += row[i] * row[i]
    for (const [n, kept] of best.entries()) {
      const query = queries[n]
      let product = 0
      for (let i = 0; i < dim; i++) product += row[i] * query[i]
      const score = product / Math.sqrt(squares)
      if (kept.length === 10 && score <= kept[9].score) continue
      kept.push({ id, score })
      kept.sort((a, b) => b.score - a.score)
      kept.length = Math.min(kept.length, 10)
    }
  }
  return best.map(kept => kept.map(({ id }) => id))
}
