import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '../../../src/entries/engine.ts'
import { DatasetIndex } from '../../../src/search/memory/dataset-index.ts'
import { IndexStore } from '../../../src/search/persistence/index-store.ts'
import { BLOCK_BYTES } from '../../../src/search/persistence/manifest.ts'
import { blob, bytes, specOf, TABLE, TableWorld, text } from './table-world.ts'

const SPEC = specOf('index=brute', 'metric=euclidean')
const ROWS = 6000
const DIM = 8

const vector = (i: number): number[] => Array.from({ length: DIM }, (_, n) => Math.sin(i * 7 + n))

class StoreWorld extends TableWorld {
  readonly store: IndexStore = new IndexStore(this.db, 'main')
  readonly made: DatasetIndex

  constructor(rows = ROWS) {
    super()
    this.made = new DatasetIndex(SPEC, { epoch: 3, seq: 40, tag: -5n }, rows)
    for (let i = 0; i < rows; i++) this.made.add(bytes(`doc ${i}`), blob(...vector(i)))
    this.made.flush()
  }

  save(dataset = 'd'): number {
    return this.store.save(TABLE, dataset, this.made)
  }

  load(dataset = 'd'): DatasetIndex | undefined {
    return this.store.load(TABLE, dataset, SPEC)
  }

  override [Symbol.dispose](): void {
    this.made.dispose()
    super[Symbol.dispose]()
  }
}

const nearest = ({ index, ids }: DatasetIndex, i: number): string =>
  text(ids.idAt(index!.search({ query: Float32Array.from(vector(i)), k: 1 }).positions[0]))

const countOf = (db: Connection, sql: string): unknown => db.prepare(sql).pluck().get()

test('a saved index is loaded as it was: rows, ids, place in the history', () => {
  using world = new StoreWorld()
  world.made.remove(bytes('doc 5'))
  world.made.rejected.notFinite = 4
  world.save()
  const loaded = world.load()!
  assert.deepEqual(loaded.logPosition, { epoch: 3, seq: 40, tag: -5n })
  assert.equal(loaded.savedSeq, 40)
  assert.deepEqual(loaded.rejected, { notFinite: 4, otherDimension: 0 })
  assert.equal(loaded.count, ROWS - 1)
  for (const i of [0, 17, ROWS - 1]) assert.equal(nearest(loaded, i), `doc ${i}`)
  assert.notEqual(nearest(loaded, 5), 'doc 5')
  loaded.dispose()
})

test('a second save writes the blocks that changed, and no others', () => {
  using world = new StoreWorld()
  const first = world.save()
  world.made.savedSeq = 40
  world.made.remove(bytes('doc 7'))
  const second = world.save()
  assert.ok(first > 3 * BLOCK_BYTES, `${first}`)
  assert.ok(second < first / 2, `${second} of ${first}`)
  assert.equal(world.load()!.count, ROWS - 1)
})

test('an index that was not loaded from there rewrites every block', () => {
  using world = new StoreWorld()
  const first = world.save()
  world.db.exec('UPDATE vector_storage_chunks SET data = zeroblob(length(data))')
  assert.equal(world.load(), undefined)
  assert.equal(world.save(), first)
  assert.equal(world.load()!.count, ROWS)
})

test('a smaller index leaves no blocks behind', () => {
  using world = new StoreWorld()
  world.save()
  const before = countOf(world.db, 'SELECT count(*) FROM vector_storage_chunks')
  using small = new StoreWorld(10)
  world.store.save(TABLE, 'd', small.made)
  assert.ok(
    Number(countOf(world.db, 'SELECT count(*) FROM vector_storage_chunks')) < Number(before),
  )
  assert.equal(world.load()!.count, 10)
})

test('another dataset, table or spec has no saved index', () => {
  using world = new StoreWorld(100)
  world.save()
  assert.equal(world.load('e'), undefined)
  assert.equal(world.store.load('_vec_other', 'd', SPEC), undefined)
  assert.equal(world.store.load(TABLE, 'd', specOf('index=brute')), undefined)
  world.db.exec(
    "UPDATE vector_storage SET dataset_id = 'e'; UPDATE vector_storage_chunks SET dataset_id = 'e'",
  )
  assert.equal(world.load('e'), undefined, 'renamed by hand')
})

for (const [what, sql] of [
  [
    'a changed byte',
    "UPDATE vector_storage_chunks SET data = CAST(substr(data, 1, 9) || x'5a5b5c' || substr(data, 13) AS BLOB) WHERE chunk = 0",
  ],
  ['a shorter block', 'UPDATE vector_storage_chunks SET data = substr(data, 2) WHERE chunk = 0'],
  ['a lost block', 'DELETE FROM vector_storage_chunks WHERE chunk = 1'],
  ['a lost section', "DELETE FROM vector_storage_chunks WHERE section = 'ids.pool'"],
  [
    'a block too many',
    'INSERT INTO vector_storage_chunks SELECT shadow_table_name, dataset_id, section, 99, data FROM vector_storage_chunks WHERE chunk = 0',
  ],
  ['no blocks at all', 'DROP TABLE vector_storage_chunks'],
  [
    'a changed manifest',
    `UPDATE vector_storage SET "index" = CAST(substr("index", 1, 40) || x'ff' || substr("index", 42) AS BLOB)`,
  ],
  ['text as manifest', `UPDATE vector_storage SET "index" = 'text'`],
  ['an index of the original', `UPDATE vector_storage SET "index" = x'0100000001000000'`],
  ['no table', 'DROP TABLE vector_storage'],
] as const) {
  test(`with ${what} nothing is loaded, and nothing is thrown`, () => {
    using world = new StoreWorld()
    world.save()
    world.db.exec(sql)
    assert.equal(world.load(), undefined)
  })
}

test('dropping deletes one dataset, or all of a table', () => {
  using world = new StoreWorld(100)
  for (const dataset of ['d', 'e']) world.save(dataset)
  world.store.save('_vec_other', 'd', world.made)
  world.store.drop(TABLE, 'e')
  assert.equal(world.load('e'), undefined)
  assert.ok(world.load())
  world.store.drop(TABLE)
  assert.equal(world.load(), undefined)
  assert.ok(world.store.manifest('_vec_other', 'd'))
})

/** A journal of so many entries. */
function journaled(world: TableWorld, entries: number): void {
  world.db
    .exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${entries})
    INSERT INTO vec_journal(seq, tag, shadow_table, dataset_id, id) SELECT i, random(), '${TABLE}', 'd', i FROM n`)
}

test('the journal is pruned up to the entry that a saved index ends with', () => {
  using world = new StoreWorld(100)
  journaled(world, 5000)
  world.made.logPosition = { epoch: 3, seq: 3000, tag: 1n }
  world.save()
  assert.equal(world.store.prunable(5000), 2999)
  assert.equal(world.store.prune(5000), 2999)
  assert.equal(countOf(world.db, 'SELECT min(seq) FROM vec_journal'), 3000)
  assert.equal(countOf(world.db, 'SELECT pruned_seq FROM vec_journal_state'), 2999)
  assert.equal(world.store.prune(5000), 0, 'too few are left')
})

test('without a saved index all but the last entry goes, bit by bit', () => {
  using world = new StoreWorld(1)
  journaled(world, 45_000)
  const { epoch } = world.db.prepare('SELECT epoch FROM vec_journal_state').get() as {
    epoch: number
  }
  const steps: number[] = []
  for (let more = -1; more !== 0; steps.push(more)) more = world.store.prune(45_000)
  assert.ok(steps.length > 3, steps.join(' '))
  assert.equal(countOf(world.db, 'SELECT min(seq) FROM vec_journal'), 45_000)
  assert.equal(
    countOf(world.db, 'SELECT epoch FROM vec_journal_state'),
    epoch,
    'pruning is not rewriting',
  )
})

test('an index that lags very far behind is given up', () => {
  using world = new StoreWorld(100)
  world.save()
  world.db.exec(`INSERT INTO vec_journal(seq, tag) VALUES (1, 1), (600000, 1)`)
  assert.ok(world.store.prune(600_000) > 0)
  assert.equal(world.load(), undefined)
})
