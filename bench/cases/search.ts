import type { Connection } from '../../src/entries/main.ts'
import { indexCache } from '../../src/entries/vec.ts'
import { queryOf, type DataSet } from '../data/sets.ts'
import { interleave, time, type Contender, type Times } from '../measure.ts'
import { Oracle } from '../peers/oracle.ts'
import { Progress } from '../progress.ts'
import { milliseconds, perSecond, type Finding } from '../report.ts'
import { hnswIndex } from './hnsw.ts'
import { NEAREST, PEER_NEAREST } from './nearest.ts'
import { loadOurs, loadSqliteVec, warmUp, type Loaded } from './tables.ts'

export interface SearchOptions {
  readonly rounds: number
  /** Queries whose answers are compared with brute force. */
  readonly checked: number
  readonly hnsw: boolean
  /** How many times as fast as sqlite-vec; 22 unless told otherwise. */
  readonly faster?: number
}

/** Loading, building, searching one set, beside its peers. */
export async function searchCase(set: DataSet, options: SearchOptions): Promise<Finding[]> {
  const file = `search-${set.dim}`
  // The engine's code is compiled as it runs: what is measured is the tenth thousand rows, not the first.
  await warmUp(set)
  const ours = await loadOurs(set, `${file}.sqlite`)
  const peer = loadSqliteVec(set, `${file}-peer.sqlite`)
  const findings = [loadFinding(set, ours, peer?.loadTime)]

  const nearest = ours.db.prepare(NEAREST).pluck()
  const first = time(() => nearest.all(queryOf(set, 0)))
  const raw = set.rows.byteLength
  const memory = indexCache.bytes
  findings.push(await clusterFinding(ours.db, set))

  const contenders: Contender[] = [
    { name: 'ours', perRound: 20, run: i => nearest.all(queryOf(set, i)) },
  ]
  if (peer) {
    const statement = peer.db.prepare(PEER_NEAREST).raw()
    contenders.push({ name: 'sqlite-vec', perRound: 2, run: i => statement.all(queryOf(set, i)) })
  }
  const oracle = new Oracle(set)
  contenders.push({ name: 'plain JavaScript', perRound: 1, run: i => oracle.nearest(i, 10) })
  const hnsw = options.hnsw ? searchableHnsw(set) : undefined
  if (hnsw)
    contenders.push({ name: 'hnswlib', perRound: 20, run: i => hnsw.search(queryOf(set, i)) })
  const times = interleave(contenders, options.rounds)
  const own = times.get('ours')!

  const native = times.get('sqlite-vec')
  if (native) {
    const faster = native.median / own.median
    const { faster: least = 22 } = options
    findings.push({
      what: `exact top-10 through SQL, ${set.name}, against sqlite-vec`,
      ours: spread(own),
      peer: spread(native),
      ratio: `${faster.toFixed(1)}x faster`,
      floor: `${least}x`,
      met: faster >= least,
    })
  }
  const plain = times.get('plain JavaScript')!
  findings.push({
    what: 'same, against brute force in plain JavaScript',
    ours: milliseconds(own.median),
    peer: spread(plain),
    ratio: `${(plain.median / own.median).toFixed(0)}x faster`,
    floor: '',
    met: undefined,
  })
  if (hnsw)
    findings.push(hnswFinding(set, own, times.get('hnswlib')!, hnsw, oracle, options.checked))
  findings.push(
    answerFinding(set, oracle, i => nearest.all(queryOf(set, i)) as string[], options.checked),
    {
      what: `first search: index built from the table, ${set.name}`,
      ours: milliseconds(first),
      peer: '',
      ratio: '',
      floor: set.dim === 100 ? '1.0 s' : '',
      met: set.dim === 100 ? first <= 1000 : undefined,
    },
    {
      what: 'memory of the index, share of the raw float32',
      ours: `${(memory / raw).toFixed(3)}x`,
      peer: '',
      ratio: '',
      floor: '0.35x',
      met: memory / raw <= 0.35,
    },
  )
  ours.db.close()
  peer?.db.close()
  return findings
}

function loadFinding(set: DataSet, ours: Loaded, peerTime: number | undefined): Finding {
  const rate = (set.ids.length / ours.loadTime) * 1000
  const peerRate = peerTime === undefined ? undefined : (set.ids.length / peerTime) * 1000
  return {
    what: `bulk load in one transaction by insertMany(), triggers on, ${set.name}`,
    ours: perSecond(rate),
    peer: peerRate === undefined ? '' : `${perSecond(peerRate)} sqlite-vec`,
    ratio: peerRate === undefined ? '' : `${(rate / peerRate).toFixed(2)}x`,
    floor: set.dim === 100 ? '150k/s' : '',
    met: set.dim === 100 ? rate >= 150_000 : undefined,
  }
}

function answerFinding(
  set: DataSet,
  oracle: Oracle,
  answer: (query: number) => string[],
  checked: number,
): Finding {
  const progress = new Progress('comparing with brute force', checked)
  let equal = 0
  for (let i = 0; i < checked; i++) {
    const query = Math.floor((i * set.queryCount) / checked)
    if (answer(query).join('\0') === oracle.nearest(query, 10).join('\0')) equal++
    progress.update(i)
  }
  progress.end()
  return {
    what: 'answers equal to double-precision brute force, ids in order',
    ours: `${equal} of ${checked}`,
    peer: '',
    ratio: '',
    floor: 'all',
    met: equal === checked,
  }
}

interface Hnsw {
  readonly built: string
  search(query: Float32Array): number[]
}

function searchableHnsw(set: DataSet): Hnsw | undefined {
  const found = hnswIndex(set)
  if (!found) return undefined
  const { buildTime, cached, index } = found
  index.setEf(100)
  return {
    built: `built in ${(buildTime / 1000).toFixed(0)} s${cached ? ', in an earlier run' : ''}`,
    search: query => index.searchKnn(Array.from(query), 10).neighbors,
  }
}

function hnswFinding(
  set: DataSet,
  ours: Times,
  times: Times,
  hnsw: Hnsw,
  oracle: Oracle,
  checked: number,
): Finding {
  const sample = Math.min(100, checked)
  // From all of the set: the first queries are the most frequent words, whose neighbors a graph finds more easily.
  const stride = Math.max(1, Math.floor(set.queryCount / sample))
  let found = 0
  for (let i = 0; i < sample * stride; i += stride) {
    const ids = new Set(hnsw.search(queryOf(set, i)).map(label => set.ids[label]))
    found += oracle.nearest(i, 10).filter(id => ids.has(id)).length
  }
  return {
    what: 'same, against native HNSW (hnswlib, approximate, ef 100)',
    ours: `${milliseconds(ours.median)}, recall 1`,
    peer: `${spread(times)}, recall ${(found / (sample * 10)).toFixed(3)}, ${hnsw.built}`,
    ratio: `${(times.median / ours.median).toFixed(2)}x`,
    floor: '',
    met: undefined,
  }
}

/** Searches until it is known whether exact searches skip clusters: what is measured next is what a server sees. */
async function clusterFinding(db: Connection, set: DataSet): Promise<Finding> {
  const nearest = db.prepare(NEAREST).pluck()
  const before = indexCache.bytes
  const start = performance.now()
  let longest = 0
  let said = 'no clusters'
  for (let i = 0; performance.now() - start < 60_000; i++) {
    longest = Math.max(
      longest,
      time(() => nearest.all(queryOf(set, i))),
    )
    await new Promise(resolve => setTimeout(resolve, 2))
    const { datasetIndex } = [...indexCache.attach(db, 'main').entries.values()][0] ?? {}
    const { current } = datasetIndex?.clusters ?? {}
    if (current?.skipping?.pays) {
      const { clusters, visited } = current.skipping
      said = `${clusters.toFixed(1)} of ${current.count} clusters, ${(100 * visited).toFixed(1)} % of the rows visited; ${megabytes(indexCache.bytes - before)} more`
    }
    if (current?.skipping || (!current && i > 100)) break
  }
  const took = performance.now() - start
  return {
    what: `whether exact searches skip clusters, ${set.name}: known after, and the longest search meanwhile`,
    ours: `${said}; ${(took / 1000).toFixed(1)} s, ${milliseconds(longest)}`,
    peer: '',
    ratio: '',
    floor: '',
    met: undefined,
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}

export function spread(times: Times): string {
  return `${milliseconds(times.median)} (${milliseconds(times.min)} to ${milliseconds(times.max)})`
}
