import type { Statement } from '../../src/entries/engine.ts'
import { open, type Connection } from '../../src/entries/main.ts'
import { indexCache } from '../../src/entries/vec.ts'
import { queryOf, type DataSet } from '../data/sets.ts'
import { timeAt, type Ladder, type Step } from '../ladder.ts'
import { interleave, time, type Contender, type Times } from '../measure.ts'
import type { RecallSeries } from '../recall-plot.ts'
import { milliseconds, type Finding } from '../report.ts'
import { EFFORTS, graphPeers } from './graphs.ts'
import { NEAREST, PEER_NEAREST } from './nearest.ts'
import { spread } from './search.ts'
import { loadOurs, loadSqliteVec, warmUp } from './tables.ts'

const PROMISES = [0.95, 0.98, 0.99]
/** A search that finds fewer than eight of ten is counted. */
const FEW = 0.8
/** Queries unlike the rows that are compared with the exact search. */
const STRANGE = 200
/** The rows of a large answer. */
const MANY = 1000

interface Found {
  readonly recall: number
  /** The share of searches that find less than FEW. */
  readonly few: number
}

export interface RecallResult {
  readonly findings: Finding[]
  readonly series: RecallSeries[]
}

interface Answers {
  readonly set: DataSet
  readonly exact: Statement
  readonly nearest: Statement
  /** The nearest rows of each query. */
  readonly best: readonly ReadonlySet<string>[]
}

/** Recall and time of approximate searches through SQL, beside graphs in memory: queries are not among the rows. */
export async function recallCase(set: DataSet, rounds: number): Promise<RecallResult> {
  await warmUp(set)
  const { db, path } = await loadOurs(set, `recall-${set.dim}.sqlite`)
  const clusters = await clusterFinding(db, set)
  const peer = loadSqliteVec(set, `recall-${set.dim}-peer.sqlite`)
  const approximate = NEAREST.replace('ORDER BY', 'AND recall = ? ORDER BY')
  const exact = db.prepare(NEAREST).pluck()
  const best = Array.from(
    { length: set.queryCount },
    (_, i) => new Set(exact.all(queryOf(set, i)) as string[]),
  )
  const answers: Answers = { set, exact, nearest: db.prepare(approximate).pluck(), best }
  const peers = graphPeers(set)
  const contenders: Contender[] = PROMISES.map(promise => ({
    name: String(promise),
    perRound: 20,
    run: i => ours(answers, i, promise),
  }))
  contenders.push({ name: 'exact', perRound: 5, run: i => exact.all(queryOf(set, i)) })
  for (const { name, nearest } of peers) {
    for (const effort of EFFORTS) {
      const run = (i: number): unknown => nearest(queryOf(set, i), effort)
      contenders.push({ name: `${name} ${effort}`, perRound: 20, run })
    }
  }
  if (peer) {
    const statement = peer.db.prepare(PEER_NEAREST).raw()
    contenders.push({ name: 'sqlite-vec', perRound: 1, run: i => statement.all(queryOf(set, i)) })
  }
  const times = interleave(contenders, rounds)
  const ladders = peers.map(({ name, nearest }): Ladder => {
    const ids = (i: number, effort: number): string[] =>
      nearest(queryOf(set, i), effort).map(row => set.ids[row])
    const steps = EFFORTS.map((effort): Step => {
      const { recall } = foundBy(best, i => ids(i, effort))
      return { effort, recall, time: times.get(`${name} ${effort}`)!.median }
    })
    return { name, steps }
  })
  const own = PROMISES.map(promise => ({
    promise,
    found: foundBy(best, i => ours(answers, i, promise)),
    times: times.get(String(promise))!,
  }))
  const findings = own.map(each => promiseFinding(set, times.get('exact')!, each, ladders))
  findings.push(strangeFinding(answers, rounds), manyFinding(db, set, rounds), clusters)
  db.close()
  peer?.db.close()
  findings.push(await restoredFinding(set, path))
  const all = times.get('exact')!
  const series: RecallSeries[] = [
    {
      name: 'sqlite-vec-ts, SQL',
      points: [
        ...own.map(({ found: { recall }, times: { median } }) => ({ recall, time: median })),
        { recall: 1, time: all.median },
      ],
    },
    ...ladders.map(({ name, steps }) => ({ name: `${name}, memory`, points: steps })),
  ]
  const native = times.get('sqlite-vec')
  if (native) series.push({ name: 'sqlite-vec', points: [{ recall: 1, time: native.median }] })
  return { findings, series: series.filter(({ points }) => points.length > 0) }
}

function promiseFinding(
  set: DataSet,
  exact: Times,
  own: { readonly promise: number; readonly found: Found; readonly times: Times },
  ladders: readonly Ladder[],
): Finding {
  const { found, promise, times } = own
  const peers = ladders.flatMap(ladder => {
    const peer = timeAt(ladder, found.recall)
    return peer ? [{ ...peer, name: ladder.name, ratio: times.median / peer.time }] : []
  })
  const ratio = peers.find(({ name }) => name === 'hnswlib')?.ratio
  const isFast = set.dim !== 100 || ratio === undefined || ratio <= 1.2
  return {
    what: `recall ${promise} through SQL, ${set.name}; exact ${spread(exact)}`,
    ours: `${spread(times)}, recall ${found.recall.toFixed(4)}, ${(100 * found.few).toFixed(1)} % below ${FEW}`,
    peer: peers.map(peer => `${milliseconds(peer.time)}, ${peer.what}`).join('; '),
    ratio: peers.map(peer => `${peer.ratio.toFixed(2)}x of the time of ${peer.name}`).join('; '),
    floor: `${set.dim === 100 ? 'hnswlib 1.2x; ' : ''}0.005 below the promise; 0.5 %`,
    met: found.recall >= promise - 0.005 && found.few <= 0.005 && isFast,
  }
}

/** Queries unlike the rows cost no more than an exact search: random directions, and rows with all signs changed. */
function strangeFinding({ set, exact, nearest }: Answers, rounds: number): Finding {
  const queries = Array.from({ length: STRANGE }, (_, i) => {
    if (i % 2 === 0) return queryOf(set, i).map(value => -value)
    return Float32Array.from(
      { length: set.dim },
      (_each, j) => (Math.sin((i + 1) * (j + 1) * 12.9898) * 43758.5453) % 1,
    )
  })
  const contenders: Contender[] = [
    { name: 'exact', perRound: 10, run: i => exact.all(queries[i % STRANGE]) },
    { name: 'near', perRound: 10, run: i => nearest.all(queries[i % STRANGE], 0.98) },
  ]
  const times = interleave(contenders, rounds)
  const all = times.get('exact')!
  const near = times.get('near')!
  return {
    what: `recall 0.98 for random directions and for rows with all signs changed, against an exact search, ${set.name}`,
    ours: spread(near),
    peer: spread(all),
    ratio: `${(near.median / all.median).toFixed(2)}x of its time`,
    floor: '1.05x',
    met: near.median / all.median <= 1.05,
  }
}

/** A thousand rows, half of the queries unlike the rows: no more than an exact search of as many. */
function manyFinding(db: Connection, set: DataSet, rounds: number): Finding {
  const many = NEAREST.replace('LIMIT 10', `LIMIT ${MANY}`)
  const exact = db.prepare(many).pluck()
  const nearest = db.prepare(many.replace('ORDER BY', 'AND recall = 0.98 ORDER BY')).pluck()
  const query = (i: number): Float32Array =>
    i % 2 === 0 ? queryOf(set, i) : queryOf(set, i).map(value => -value)
  const times = interleave(
    [
      { name: 'exact', perRound: 4, run: i => exact.all(query(i)) },
      { name: 'near', perRound: 4, run: i => nearest.all(query(i)) },
    ],
    rounds,
  )
  const all = times.get('exact')!
  const near = times.get('near')!
  return {
    what: `recall 0.98, ${MANY} rows, half of the queries with all signs changed, against an exact search of as many, ${set.name}`,
    ours: spread(near),
    peer: spread(all),
    ratio: `${(near.median / all.median).toFixed(2)}x of its time`,
    floor: '1.05x',
    met: near.median / all.median <= 1.05,
  }
}

/** How long clusters take in the background, and the longest search meanwhile. */
async function clusterFinding(db: Connection, set: DataSet): Promise<Finding> {
  db.prepare(NEAREST).all(queryOf(set, 0))
  const { longest, searches, took, made } = await untilReady(db, set)
  return {
    what: `clusters and calibration in the background, ${set.name}; the longest of ${searches} searches meanwhile`,
    ours: `${made ? `${(took / 1000).toFixed(1)} s` : NONE}; ${milliseconds(longest)}`,
    peer: '',
    ratio: '',
    floor: set.dim === 100 ? '4 s' : '',
    met: set.dim === 100 ? took <= 4000 : undefined,
  }
}

/** The same from the saved file. */
async function restoredFinding(set: DataSet, path: string): Promise<Finding> {
  using db = await open(path)
  const first = time(() => db.prepare(NEAREST).all(queryOf(set, 0)))
  const { longest, took, made } = await untilReady(db, set)
  return {
    what: `saved clusters, ${set.name}: until they answer, and the longest search meanwhile`,
    ours: `${made ? milliseconds(took) : NONE}; ${milliseconds(longest)}`,
    peer: `first search, which reads the index: ${milliseconds(first)}`,
    ratio: '',
    floor: '',
    met: undefined,
  }
}

/** Of rows that a cover tree finds sooner, or that are alike in all directions. */
const NONE = 'no clusters: searches are exact'
const MOST_WAITED = 60_000

interface Waited {
  readonly took: number
  readonly made: boolean
  readonly searches: number
  readonly longest: number
}

/** Searches every 20 ms until clusters are calibrated. Nothing else is asked meanwhile: `explain:` counts all rows. */
async function untilReady(db: Connection, set: DataSet): Promise<Waited> {
  const nearest = db.prepare(NEAREST.replace('ORDER BY', 'AND recall = 0.98 ORDER BY'))
  const start = performance.now()
  let longest = 0
  for (let searches = 1; ; searches++) {
    const one = time(() => nearest.all(queryOf(set, searches)))
    longest = Math.max(longest, one)
    const took = performance.now() - start
    const made = areCalibrated(db)
    if (made || took > MOST_WAITED) return { longest, searches, took, made }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Whether a promise has been made. */
function areCalibrated(db: Connection): boolean {
  return [...indexCache.attach(db, 'main').entries.values()].some(({ datasetIndex }) => {
    const clusters = datasetIndex?.clusters.current
    return clusters !== undefined && clusters.ready && clusters.promises.length > 0
  })
}

function ours({ nearest, set }: Answers, i: number, recall: number): string[] {
  return nearest.all(queryOf(set, i), recall) as string[]
}

function foundBy(
  best: readonly ReadonlySet<string>[],
  answer: (query: number) => readonly (string | undefined)[],
): Found {
  const recalls = best.map((wanted, i) => {
    const found = answer(i).filter(id => id !== undefined && wanted.has(id))
    return found.length / Math.max(1, wanted.size)
  })
  return {
    recall: recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length,
    few: recalls.filter(recall => recall < FEW).length / recalls.length,
  }
}
