import { insertMany, open } from '../../src/entries/main.ts'
import { indexCache } from '../../src/entries/vec.ts'
import { SpectrumMixture } from '../data/spectrum-mixture.ts'
import { interleave, type Contender } from '../measure.ts'
import { openSqliteVec } from '../peers/native.ts'
import { milliseconds, type Finding } from '../report.ts'
import type { TimePoint, TimeSeries } from '../time-plot.ts'
import { NEAREST, PEER_NEAREST } from './nearest.ts'
import { spread } from './search.ts'
import { freshFile } from './tables.ts'

const DIM = 384
const RECALL = 0.98
const QUERIES = 64
const MEMORY = 0.3
const STEPS = [10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000]

export interface SizesResult {
  readonly findings: Finding[]
  readonly series: TimeSeries[]
}

/** The time of a search as a table grows to `most` rows: exact, with a promised recall, and in sqlite-vec. */
export async function sizesCase(seed: number, most: number, rounds: number): Promise<SizesResult> {
  const mixture = new SpectrumMixture(seed, DIM)
  const db = await open(freshFile('sizes.sqlite'))
  db.exec(`CREATE VIRTUAL TABLE v USING vec(doc_id, recall=${RECALL})`)
  const peer = openSqliteVec(freshFile('sizes-peer.sqlite'))
  peer?.exec(`CREATE VIRTUAL TABLE v USING vec0(embedding float[${DIM}] distance_metric=cosine)`)
  const queries = Array.from({ length: QUERIES }, () => drawn(mixture))
  const exact: TimePoint[] = []
  const approximate: TimePoint[] = []
  const native: TimePoint[] = []
  const findings: Finding[] = []
  const nearest = db.prepare(NEAREST.replace('ORDER BY', 'AND recall = ? ORDER BY')).pluck()
  let rows = 0
  for (const size of STEPS.filter(step => step <= most)) {
    const added = Array.from({ length: Math.min(size - rows, 50_000) }, () => new Float32Array(DIM))
    while (rows < size) {
      const part = added.slice(0, size - rows)
      for (const vector of part) mixture.draw(vector)
      const first = rows
      const inserted = part.map((vector, i) => ['d', `doc-${first + i}`, vector] as const)
      insertMany(db, '_vec_v', ['dataset_id', 'id', 'embedding'], inserted)
      const insert = peer?.prepare('INSERT INTO v(rowid, embedding) VALUES (?, ?)')
      peer?.transaction(() => {
        for (const [i, vector] of part.entries()) insert!.run(BigInt(first + i + 1), vector)
      })()
      rows += part.length
    }
    nearest.all(queries[0], 1)
    const share = indexCache.bytes / (size * DIM * 4)
    console.log(`${size} rows: loaded and indexed`)
    db.prepare("SELECT op FROM vec_admin WHERE op MATCH 'optimize:v:d'").all()
    console.log(`${size} rows: clusters made, measuring`)
    const contenders: Contender[] = [
      { name: 'exact', perRound: 4, run: i => nearest.all(queries[i % QUERIES], 1) },
      { name: 'recall', perRound: 8, run: i => nearest.all(queries[i % QUERIES], RECALL) },
    ]
    if (peer) {
      const statement = peer.prepare(PEER_NEAREST).raw()
      contenders.push({
        name: 'peer',
        perRound: 1,
        run: i => statement.all(queries[i % QUERIES]),
      })
    }
    const times = interleave(contenders, Math.max(3, Math.min(rounds, Math.round(3e6 / size))))
    const [all, near, other] = ['exact', 'recall', 'peer'].map(name => times.get(name))
    exact.push({ at: size, time: all!.median })
    approximate.push({ at: size, time: near!.median })
    if (other) native.push({ at: size, time: other.median })
    findings.push({
      what: `top 10 of ${size} x ${DIM} with a falling spectrum: exact; with recall = ${RECALL}`,
      ours: `${spread(all!)}; ${milliseconds(near!.median)}`,
      peer: other ? `sqlite-vec ${spread(other)}` : '',
      ratio: other ? `${(other.median / all!.median).toFixed(1)}x faster` : '',
      floor: '',
      met: undefined,
    })
    const isLarge = size >= 50_000
    findings.push({
      what: `memory of codes and ids, ${size} x ${DIM}, share of the raw float32`,
      ours: `${share.toFixed(3)}x`,
      peer: '',
      ratio: '',
      floor: isLarge ? `${MEMORY}x` : '',
      met: isLarge ? share <= MEMORY : undefined,
    })
  }
  findings.push({
    what: `most memory of the process up to ${rows} x ${DIM}, with what makes the vectors and with the peer`,
    ours: `${((process.resourceUsage().maxRSS * 1024) / 1e6).toFixed(0)} MB`,
    peer: '',
    ratio: '',
    floor: '',
    met: undefined,
  })
  db.close()
  peer?.close()
  freshFile('sizes.sqlite')
  freshFile('sizes-peer.sqlite')
  const series = [
    { name: 'exact', points: exact },
    { name: `recall ${RECALL}`, points: approximate },
    { name: 'sqlite-vec', points: native },
  ]
  return { findings, series: series.filter(({ points }) => points.length > 0) }
}

function drawn(mixture: SpectrumMixture): Float32Array {
  const vector = new Float32Array(mixture.dim)
  mixture.draw(vector)
  return vector
}
