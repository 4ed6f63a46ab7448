import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { DatasetIndex } from '../../../src/search/memory/dataset-index.ts'
import { indexCache } from '../../../src/search/memory/index-cache.ts'
import { saveStep } from '../../../src/search/persistence/index-save.ts'
import { maintenanceOf, type Maintenance } from '../../../src/search/persistence/maintenance.ts'
import { NO_FOREIGN_INDEXES } from '../../../src/search/schema/foreign-indexes.ts'
import { blob, bytes, specOf, TABLE, TableWorld } from './table-world.ts'

const SPEC = specOf('index=brute', 'metric=euclidean')

class KeptWorld extends TableWorld {
  readonly file = indexCache.attach(this.db, 'main')
  readonly maintenance: Maintenance = maintenanceOf(this.db, 'main', this.file)

  /** An index in memory of so many rows. */
  hold(rows: number): DatasetIndex {
    const entry = indexCache.entry(this.file, this.shadow.key, 'd', SPEC.id)
    const made = new DatasetIndex(SPEC, { epoch: 3, seq: 40, tag: -5n }, rows)
    for (let i = 0; i < rows; i++)
      made.add(bytes(`doc ${i}`), blob(Math.sin(i), i, 1, 2, 3, 4, 5, 6))
    made.flush()
    entry.datasetIndex = made
    return made
  }

  journal(entries: number): void {
    this.db.exec(`WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${entries})
      INSERT INTO vec_journal(tag, shadow_table, dataset_id, id) SELECT random(), '${TABLE}', 'd', 'x' FROM n`)
  }

  count(table: string): number {
    return this.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number
  }
}

test('an index that is worth it is saved, once; a small one is not', () => {
  using world = new KeptWorld()
  world.hold(10)
  assert.equal(world.maintenance.save(0), true)
  assert.equal(world.count('vector_storage'), 0)
  const large = world.hold(100_000)
  assert.equal(large.index!.worthSaving, true)
  assert.equal(world.maintenance.save(0), true)
  assert.equal(world.count('vector_storage'), 1)
  assert.equal(large.unsaved, false)
  const changes = world.db.totalChanges
  world.maintenance.save(0)
  assert.equal(world.db.totalChanges, changes, 'nothing is written again')
  world.maintenance.forgetSaved(TABLE, 'd')
  assert.equal(world.count('vector_storage'), 0)
})

test('nothing is saved within a transaction, unless the caller asks for it', () => {
  using world = new KeptWorld()
  world.hold(100_000)
  world.db.exec('BEGIN')
  assert.equal(world.maintenance.save(0), false)
  assert.equal(world.count('vector_storage'), 0)
  assert.equal(world.maintenance.saveNow(), true)
  assert.equal(world.count('vector_storage'), 1)
  world.db.exec('ROLLBACK')
})

test('a long journal is pruned, a short one is left alone', () => {
  using world = new KeptWorld()
  world.journal(9000)
  world.maintenance.save(0)
  assert.equal(world.count('vec_journal'), 9000)
  world.journal(9000)
  assert.equal(world.maintenance.save(0), true)
  const left = world.count('vec_journal')
  assert.ok(left < 18_000, `${left} entries`)
  world.journal(30_000)
  assert.equal(world.maintenance.saveNow(), true)
  assert.ok(world.count('vec_journal') <= left, 'a save that is asked for prunes all at once')
})

/** Until the background has saved an index. A save of several steps leaves the journal to a step behind it. */
async function untilSaved(index: DatasetIndex): Promise<void> {
  const end = performance.now() + 20_000
  while (index.unsaved) {
    assert.ok(performance.now() < end, 'the save in the background does not end')
    await nextTurn()
  }
}

for (const saver of ['close', 'the background'])
  test(`what changes behind a save in the background is saved by ${saver}`, async t => {
    using world = new KeptWorld()
    const { bytes: usual } = saveStep
    t.after(() => (saveStep.bytes = usual))
    saveStep.bytes = 65_536
    const large = world.hold(100_000)
    world.maintenance.suggest(large)
    await untilSaved(large)
    large.add(bytes('one more'), blob(1, 2, 3, 4, 5, 6, 7, 8))
    large.logPosition = { epoch: 3, seq: 100_000, tag: -6n }
    large.flush()
    assert.equal(large.unsaved, true)
    if (saver === 'close') {
      assert.equal(world.maintenance.save(0), true)
      assert.equal(large.unsaved, false)
    } else {
      world.maintenance.suggest(large)
      await untilSaved(large)
    }
  })

test('a connection and a file have one maintenance', () => {
  using world = new KeptWorld()
  assert.equal(maintenanceOf(world.db, 'main', world.file, NO_FOREIGN_INDEXES), world.maintenance)
})
