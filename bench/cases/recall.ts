import type { Statement } from '../../src/entries/engine.ts'
import { queryOf, type DataSet } from '../data/sets.ts'
import { interleave, time, type Contender } from '../measure.ts'
import { milliseconds, type Finding } from '../report.ts'
import { hnswIndex } from './hnsw.ts'
import { NEAREST } from './nearest.ts'
import { spread } from './search.ts'
import { loadOurs, warmUp } from './tables.ts'

const PROMISES = [0.95, 0.98, 0.99]
/** How many neighbors hnswlib looks at: a ladder of recalls and times. */
const EFS = [100, 200, 400, 600, 800]
/** A search that finds fewer than eight of ten is counted. */
const FEW = 0.8

interface Found {
  readonly recall: number
  /** The share of searches that find less than FEW. */
  readonly few: number
}

/** Recall and time of approximate searches through SQL, beside hnswlib in memory: queries are not among the rows. */
export async function recallCase(set: DataSet, rounds: number): Promise<Finding[]> {
  await warmUp(set)
  const { db } = await loadOurs(set, `recall-${set.dim}.sqlite`)
  const approximate = NEAREST.replace('ORDER BY', 'AND recall = ? ORDER BY')
  const exact = db.prepare(NEAREST).pluck()
  const nearest = db.prepare(approximate).pluck()
  const best = Array.from(
    { length: set.queryCount },
    (_, i) => new Set(exact.all(queryOf(set, i)) as string[]),
  )
  const first = time(() => nearest.all(queryOf(set, 0), PROMISES[0]))
  const hnsw = hnswIndex(set)?.index
  const hnswIds = (i: number, ef: number): (string | undefined)[] => {
    hnsw!.setEf(ef)
    return hnsw!.searchKnn(Array.from(queryOf(set, i)), 10).neighbors.map(label => set.ids[label])
  }
  const contenders: Contender[] = PROMISES.map(promise => ({
    name: String(promise),
    perRound: 20,
    run: i => nearest.all(queryOf(set, i), promise),
  }))
  contenders.push({ name: 'exact', perRound: 5, run: i => exact.all(queryOf(set, i)) })
  for (const ef of hnsw ? EFS : []) {
    contenders.push({ name: `hnswlib ${ef}`, perRound: 20, run: i => hnswIds(i, ef) })
  }
  const times = interleave(contenders, rounds)
  const peers = (hnsw ? EFS : []).map(ef => ({
    ef,
    found: foundBy(best, i => hnswIds(i, ef)),
    times: times.get(`hnswlib ${ef}`)!,
  }))
  const findings = PROMISES.map(promise => {
    const found = foundBy(best, i => ours(nearest, set, i, promise))
    const own = times.get(String(promise))!
    // The first step of the ladder that finds as much.
    const peer = peers.find(({ found: { recall } }) => recall >= found.recall)
    const ratio = peer && own.median / peer.times.median
    return {
      what: `recall ${promise} through SQL, ${set.name}; exact ${spread(times.get('exact')!)}`,
      ours: `${spread(own)}, recall ${found.recall.toFixed(4)}, ${(100 * found.few).toFixed(1)} % below ${FEW}`,
      peer: peer
        ? `${spread(peer.times)}, hnswlib ef ${peer.ef}, recall ${peer.found.recall.toFixed(4)}`
        : '',
      ratio: ratio === undefined ? '' : `${ratio.toFixed(2)}x of its time`,
      floor: '1.2x; 0.005 below the promise; 0.5 %',
      met:
        found.recall >= promise - 0.005 &&
        found.few <= 0.005 &&
        (ratio === undefined || ratio <= 1.2),
    }
  })
  db.close()
  return [
    ...findings,
    {
      what: `first approximate search: clusters and calibration, ${set.name}`,
      ours: milliseconds(first),
      peer: '',
      ratio: '',
      floor: set.dim === 100 ? '4 s' : '',
      met: set.dim === 100 ? first <= 4000 : undefined,
    },
  ]
}

function ours(nearest: Statement, set: DataSet, i: number, recall: number): string[] {
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
