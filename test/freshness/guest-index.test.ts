import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insertMany } from '../../src/entries/main.ts'
import { indexCache } from '../../src/search/memory/index-cache.ts'
import { maintenanceOf } from '../../src/search/persistence/maintenance.ts'
import { IndexManager } from '../../src/search/snapshot/index-manager.ts'
import { specOf, TABLE, TableWorld } from '../unit/search/table-world.ts'

const DIM = 16
/** More than a small index has, so that it is saved. */
const ROWS = 70_000
const DATASETS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
/** Those that the test gives a space. */
const FITTING = DATASETS.length - 2

class CrowdedWorld extends TableWorld {
  readonly manager: IndexManager = new IndexManager({
    shadow: this.shadow,
    spec: specOf('index=brute'),
    mayInstall: false,
  })
  readonly #limit = indexCache.limit

  constructor(datasets: readonly string[] = DATASETS) {
    super()
    for (const dataset of datasets) {
      insertMany(this.db, TABLE, ['dataset_id', 'id', 'embedding'], rowsOf(dataset))
    }
  }

  see(dataset: string): { state: string; count?: number } {
    const snapshot = this.shadow.inSnapshot(() => this.manager.snapshot(dataset))
    if (snapshot.state === 'table-scan') return { state: snapshot.state }
    return { state: snapshot.state, count: snapshot.datasetIndex.count }
  }

  /** Saves what is in memory, as an idle connection does. */
  idle(): void {
    const { db } = this
    assert.ok(maintenanceOf(db, 'main', indexCache.attach(db, 'main')).save(0))
  }

  override [Symbol.dispose](): void {
    indexCache.limit = this.#limit
    indexCache.onFull = undefined
    this.manager.dispose()
    super[Symbol.dispose]()
  }
}

function* rowsOf(dataset: string): Generator<[string, string, Float32Array]> {
  for (let i = 0; i < ROWS; i++) {
    const vector = Float32Array.from({ length: DIM }, (_, j) => Math.sin(i * (j + 1)))
    yield [dataset, `doc ${i}`, vector]
  }
}

test('datasets without space: saved indexes are read for their searches, and nothing is built again', () => {
  using world = new CrowdedWorld()
  for (const dataset of DATASETS) assert.equal(world.see(dataset).state, 'rebuilt')
  world.idle()
  const told: string[] = []
  indexCache.onFull = ({ dataset }) => told.push(dataset)
  const limit = (indexCache.bytes / DATASETS.length) * (FITTING + 0.5)
  indexCache.limit = limit
  for (let round = 0; round < 4; round++) {
    for (const dataset of DATASETS) {
      assert.deepEqual(world.see(dataset), { state: 'fresh', count: ROWS })
      assert.ok(indexCache.bytes <= limit * (1 + 1 / 4), 'one guest beside the limit')
    }
  }
  assert.equal(told.length, DATASETS.length - FITTING, 'each is told of once')
  // Changes since the save are seen.
  world.delete('doc 5', 'a')
  world.put('doc 6', [1, ...Array.from({ length: DIM - 1 }, () => 0)], 'a')
  world.delete('doc 6', 'b')
  for (const dataset of DATASETS) {
    const count = dataset === 'a' || dataset === 'b' ? ROWS - 1 : ROWS
    assert.deepEqual(world.see(dataset), { state: 'fresh', count })
  }
  // A dataset that is searched again and again takes the space of one that is not.
  const [first] = told
  for (let i = 0; i < 30; i++) assert.equal(world.see(first).state, 'fresh')
  assert.ok(indexCache.bytes <= limit)
})

test('a dataset without space and without a saved index is scanned, then gets one that is saved', () => {
  using world = new CrowdedWorld()
  const fitting = DATASETS.slice(0, FITTING)
  for (const dataset of fitting) world.see(dataset)
  indexCache.limit = (indexCache.bytes / FITTING) * (FITTING + 0.5)
  const [one, other] = DATASETS.slice(FITTING)
  /** What answers for a dataset, once for each round of searches of the others. */
  const seen = (dataset: string, rounds: number): string[] =>
    Array.from({ length: rounds }, () => {
      for (const each of fitting) world.see(each)
      return world.see(dataset).state
    })
  const scans = Array<string>(7).fill('table-scan')
  assert.deepEqual(seen(one, 10), [...scans, 'rebuilt', 'fresh', 'fresh'])
  // It waits to be saved, so nothing takes its place.
  assert.deepEqual(seen(other, 2), ['table-scan', 'table-scan'])
  world.idle()
  assert.deepEqual(seen(one, 1), ['fresh'])
  assert.deepEqual(seen(other, 9), [...scans, 'rebuilt', 'fresh'])
  world.idle()
  assert.deepEqual(seen(one, 1), ['fresh'], 'its saved form is read')
})

test('guests that fit together keep their indexes, and the last one makes space for the others', () => {
  const datasets = [...DATASETS, 'i', 'j', 'k']
  using world = new CrowdedWorld(datasets)
  for (const dataset of datasets) world.see(dataset)
  world.idle()
  // A quarter of this is space for two guests. There are three.
  const limit = (indexCache.bytes / datasets.length) * 8.5
  indexCache.limit = limit
  const { entries } = indexCache.attach(world.db, 'main')
  const inMemory = (): string[] =>
    [...entries.values()].filter(entry => entry.datasetIndex).map(({ dataset }) => dataset)
  const round = (): string[] => {
    for (const dataset of datasets) {
      assert.deepEqual(world.see(dataset), { state: 'fresh', count: ROWS })
      assert.ok(indexCache.bytes <= limit * (1 + 1 / 4), 'two guests beside the limit')
    }
    return inMemory()
  }
  round()
  const before = new Set(round())
  assert.equal(before.size, 10)
  const { datasetIndex } = [...entries.values()].find(entry => indexCache.isGuest(entry))!
  for (let i = 0; i < 3; i++) assert.deepEqual(new Set(round()), before)
  const guests = [...entries.values()].filter(entry => indexCache.isGuest(entry))
  assert.equal(guests.length, 2)
  assert.equal(guests[0].datasetIndex, datasetIndex, 'the first guest was not read again')
  // A guest that is no longer searched makes space, so that the next one stays.
  const [first] = guests
  const others = datasets.filter(dataset => dataset !== first.dataset)
  for (let i = 0; i < 8; i++) for (const dataset of others) world.see(dataset)
  assert.ok(!inMemory().includes(first.dataset))
  assert.equal(inMemory().length, 10)
})

test('an index of more than a quarter of the limit does not become a guest: the table answers', () => {
  using world = new CrowdedWorld()
  for (const dataset of DATASETS) world.see(dataset)
  world.idle()
  const each = indexCache.bytes / DATASETS.length
  // Three fit, so that a guest may have less than one needs.
  indexCache.limit = each * 3.5
  for (let round = 0; round < 2; round++) for (const dataset of DATASETS) world.see(dataset)
  const states = DATASETS.map(dataset => world.see(dataset).state)
  assert.equal(states.filter(state => state === 'table-scan').length, DATASETS.length - 3)
  assert.ok(indexCache.bytes <= indexCache.limit)
})
