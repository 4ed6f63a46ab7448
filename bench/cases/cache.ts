import { setTimeout as sleep } from 'node:timers/promises'
import { insertMany, open, type InsertRow } from '../../src/entries/main.ts'
import { indexCache } from '../../src/entries/vec.ts'
import { seededNormal } from '../data/random.ts'
import { summarize } from '../measure.ts'
import { milliseconds, type Finding } from '../report.ts'
import { freshFile } from './tables.ts'

const DATASETS = 20
const DIM = 100
const ROUNDS = 15
const NEAREST = `SELECT doc_id FROM v
  WHERE dataset_id = ? AND doc_id MATCH ? ORDER BY match_score DESC LIMIT 10`

/** An incomplete manifest is shorter than one that lists blocks. */
const COMPLETE_BYTES = 1000
/** Indexes of the same number of rows differ by less: a limit of just half of the bytes may hold only nine. */
const DIFFERENCE = 1.02

/** Datasets that are searched by turns: all in memory, then with memory for the indexes of half of them. */
export async function cacheCase(seed: number, rows: number): Promise<Finding[]> {
  const normal = seededNormal(seed)
  const vector = (): Float32Array => Float32Array.from({ length: DIM }, normal)
  const db = await open(freshFile('cache.sqlite'))
  db.exec('CREATE VIRTUAL TABLE v USING vec(doc_id)')
  const names = Array.from({ length: DATASETS }, (_, i) => `set ${i}`)
  for (const name of names) {
    insertMany(db, '_vec_v', ['dataset_id', 'id', 'embedding'], rowsOf(name, rows, vector))
  }
  const nearest = db.prepare(NEAREST).pluck()
  const round = (): number[] =>
    names.map(name => {
      const query = vector()
      const start = performance.now()
      nearest.all(name, query)
      return performance.now() - start
    })
  const { limit } = indexCache
  indexCache.limit = Infinity
  round()
  // An idle connection saves its indexes.
  const saved = db
    .prepare(`SELECT count(*) FROM vector_storage WHERE length("index") > ${COMPLETE_BYTES}`)
    .pluck()
  while (Number(saved.get()) < DATASETS) await sleep(100)
  const fitting = Array.from({ length: ROUNDS }, round).flat()
  let refused = 0
  indexCache.onFull = () => refused++
  indexCache.limit = (indexCache.bytes / 2) * DIFFERENCE
  round()
  const crowded = Array.from({ length: ROUNDS }, round).flat()
  indexCache.limit = limit
  indexCache.onFull = undefined
  db.close()
  const ratio = median(crowded) / median(fitting)
  const worst = summarize(crowded).max
  return [
    {
      what: `${DATASETS} datasets of ${rows} x ${DIM} searched by turns, memory for half of the indexes: half of the searches take at most; ${refused} datasets without space`,
      ours: milliseconds(median(crowded)),
      peer: `all in memory ${milliseconds(median(fitting))}`,
      ratio: `${ratio.toFixed(2)}x`,
      floor: '2x',
      met: ratio <= 2,
    },
    {
      what: 'the same: the slowest search, of a dataset whose index is read from the file',
      ours: milliseconds(worst),
      peer: `half of those take at most ${milliseconds(median(crowded.toSorted((a, b) => a - b).slice(crowded.length / 2)))}`,
      ratio: '',
      floor: '40 ms',
      met: worst <= 40,
    },
  ]
}

function* rowsOf(name: string, rows: number, vector: () => Float32Array): Generator<InsertRow> {
  for (let i = 0; i < rows; i++) yield [name, `doc-${i}`, vector()]
}

/** So that half of the searches take no longer. */
function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length / 2) - 1]
}
