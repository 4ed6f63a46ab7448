import assert from 'node:assert/strict'
import { VecError } from '../../../src/entries/main.ts'
import { DatasetClusters } from '../../../src/search/memory/dataset-clusters.ts'
import type { Pace } from '../../../src/search/memory/pace.ts'
import {
  clusteringOf,
  codedOracle,
  EVERYTHING,
  type Clustering,
  type Clusters,
} from '../../indexes/clustered-index.ts'
import type { Oracle } from '../../indexes/oracle.ts'
import { random, type Random } from '../../indexes/random.ts'
import { seededTest } from '../../seed.ts'

const test = seededTest('INDEX_SEED')

const DIM = 8
const ROWS = 900
/** What calibration says is not the matter here. */
const TRIALS = 20

/** A clock that only tests move, and an event loop that only tests turn. */
class TestPace implements Pace {
  time = 0
  /** What each look at the clock takes. */
  tick = 0
  due: (() => void) | undefined

  now(): number {
    return (this.time += this.tick)
  }

  later(run: () => void): () => void {
    this.due = run
    return () => (this.due = undefined)
  }

  /** False: nothing was due. */
  turn(): boolean {
    const run = this.due
    this.due = undefined
    run?.()
    return run !== undefined
  }
}

/** Clusters of which nothing but the steps is true: `step` is told how many were made before. */
function steppedClustering(step: (steps: number) => boolean): Clustering {
  let steps = 0
  const clusters: Clusters = {
    bytes: 0,
    count: 1,
    rows: 0,
    ready: false,
    due: true,
    outgrown: false,
    promises: [],
    skipping: undefined,
    want: () => {},
    skip: () => undefined,
    version: 0,
    step: () => step(steps++),
    added: () => step(steps++),
    removed: () => {},
    moved: () => {},
    promise: () => undefined,
    search: () => undefined,
    save: () => [],
    dispose: () => {},
  }
  return { space: Infinity, begin: () => clusters, restore: () => undefined }
}

function fail(error: Error): never {
  throw error
}

function unsaved(): void {}

function oracleOf(r: Random): Oracle {
  return codedOracle(
    'cosine',
    Array.from({ length: ROWS }, () => r.vector(DIM)),
  )
}

/** All clusters together find what brute force finds, and nothing else. */
function compare(oracle: Oracle, clusters: Clusters, query: Float32Array): void {
  const { count, positions } = clusters.search({ query, k: 10 }, EVERYTHING)!
  const found = [...positions.subarray(0, count)]
  for (const [position] of oracle.best({ query, k: 10 })) assert.ok(found.includes(position))
  for (const position of found) assert.ok(!oracle.removed.has(position), `${position} was removed`)
}

test('rows that go and move while outgrown clusters are made again are followed', () => {
  const r = random(1)
  const oracle = oracleOf(r)
  const { index } = oracle
  const clustering = clusteringOf(index, { trials: TRIALS })
  const pace = new TestPace()
  const clusters = new DatasetClusters(pace)
  assert.ok(clusters.finish(clustering))
  const old = clusters.current!
  const remove = (): void => {
    const position = r.below(oracle.rows.length)
    if (oracle.removed.has(position)) return
    oracle.remove(position)
    clusters.removed(position)
  }
  // A new row comes last, and fills a gap.
  const add = (): void => {
    oracle.append([r.vector(DIM)])
    clusters.added(1)
    const last = oracle.rows.length - 1
    const to = Math.min(...oracle.removed)
    if (to >= last) return
    index.swapRemove!(to)
    clusters.moved(last, to)
    oracle.rows[to] = oracle.rows.pop()!
    oracle.removed.delete(to)
  }
  while (!old.outgrown) remove()
  // A part of the work is one step.
  pace.tick = 3
  assert.equal(clusters.wanted(clustering, unsaved), old)
  for (let steps = 0; clusters.current === old; steps++) {
    assert.ok(steps < 5000, 'they are never made')
    pace.time += 20
    clusters.wanted(clustering, unsaved)
    remove()
    if (steps % 3 > 0) add()
    if (steps % 50 === 0 && clusters.current === old) compare(oracle, old, r.vector(DIM))
  }
  const made = clusters.current!
  assert.equal(made.rows, index.count)
  for (let i = 0; i < 40; i++) compare(oracle, made, r.vector(DIM))
  clusters.dispose()
})

test('damaged saved clusters are refused, and others take their place', () => {
  const r = random(2)
  const oracle = oracleOf(r)
  const clustering = clusteringOf(oracle.index, { trials: TRIALS })
  const made = new DatasetClusters()
  assert.ok(made.finish(clustering))
  const saved = made.save().map(({ bytes, name }) => ({ name, bytes: bytes.slice() }))
  for (const { name } of saved) {
    const sections = new Map(
      saved.map(section => [
        section.name,
        section.name === name ? { name, bytes: section.bytes.subarray(2) } : section,
      ]),
    )
    const clusters = new DatasetClusters()
    assert.throws(() => clusters.restore(clustering, sections), { code: 'VEC_STORAGE' }, name)
    assert.equal(clusters.current, undefined)
    assert.ok(clusters.finish(clustering))
    compare(oracle, clusters.current!, r.vector(DIM))
    clusters.dispose()
  }
  made.dispose()
})

test('a part of the work ends after 4 ms, and the event loop turns before the next', () => {
  for (const [ms, steps] of [
    [1, 4],
    [3, 2],
    [50, 1],
  ]) {
    const pace = new TestPace()
    const clusters = new DatasetClusters(pace)
    let made = 0
    const clustering = steppedClustering(() => {
      pace.time += ms
      return ++made < 3 * steps
    })
    // A search does a part itself if none was done for long, and makes sure of the next.
    clusters.wanted(clustering, unsaved)
    assert.equal(made, steps)
    clusters.wanted(clustering, unsaved)
    assert.equal(made, steps, 'the last part was a moment ago')
    for (let part = 2; part <= 3; part++) {
      assert.ok(pace.turn())
      assert.equal(made, part * steps)
    }
    assert.equal(pace.turn(), false, 'nothing is left to do')
  }
})

test('without memory for clusters, searches stay exact', () => {
  const pace = new TestPace()
  const clusters = new DatasetClusters(pace)
  const clustering = steppedClustering(() => fail(new VecError('VEC_MEMORY', 'no more')))
  assert.equal(clusters.wanted(clustering, unsaved), undefined)
  assert.equal(clusters.wanted(clustering, unsaved), undefined)
  assert.equal(clusters.finish(clustering), false)
  assert.equal(pace.turn(), false, 'nothing is tried again')
})

test('an error that is not missing memory is thrown by the next search, once', () => {
  const wrong = new TypeError('a mistake')
  for (const late of [0, 1]) {
    const pace = new TestPace()
    const clusters = new DatasetClusters(pace)
    const clustering = steppedClustering(steps => {
      pace.time += 5
      return steps < late || fail(wrong)
    })
    if (late > 0) {
      assert.equal(clusters.wanted(clustering, unsaved), undefined)
      assert.ok(pace.turn())
    }
    assert.throws(() => clusters.wanted(clustering, unsaved), wrong)
    assert.equal(clusters.wanted(clustering, unsaved), undefined)
    assert.equal(clusters.finish(clustering), false)
  }
  const clusters = new DatasetClusters()
  assert.throws(() => clusters.finish(steppedClustering(() => fail(wrong))), wrong)
})

test('an error while rows change does not reach who changes them', () => {
  const wrong = new TypeError('a mistake')
  const pace = new TestPace()
  const clusters = new DatasetClusters(pace)
  const clustering = steppedClustering(steps => steps === 0 || fail(wrong))
  pace.time = -Infinity
  clusters.wanted(clustering, unsaved)
  clusters.added(1)
  clusters.added(1)
  assert.throws(() => clusters.wanted(clustering, unsaved), wrong)
  assert.equal(clusters.wanted(clustering, unsaved), undefined)
})
