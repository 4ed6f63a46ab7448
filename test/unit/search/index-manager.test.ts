import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IndexManager } from '../../../src/search/snapshot/index-manager.ts'
import type { IndexSnapshot } from '../../../src/search/snapshot/index-snapshot.ts'
import { specOf, TABLE, TableWorld, text } from './table-world.ts'

class ManagedWorld extends TableWorld {
  readonly manager: IndexManager = new IndexManager({
    shadow: this.shadow,
    spec: specOf('index=brute'),
    mayInstall: false,
  })

  see(dataset = 'd'): { state: string; count?: number; changed?: string[] } {
    const snapshot: IndexSnapshot = this.shadow.inSnapshot(() => this.manager.snapshot(dataset))
    if (snapshot.state === 'table-scan') return { state: snapshot.state }
    const { state, datasetIndex, changed } = snapshot
    return { state, count: datasetIndex.count, changed: changed.map(text) }
  }

  override [Symbol.dispose](): void {
    this.manager.dispose()
    super[Symbol.dispose]()
  }
}

function filled(): ManagedWorld {
  const world = new ManagedWorld()
  world.put('a', [1, 0])
  world.put('b', [0, 1])
  return world
}

test('an index is built once, and holds committed changes after that', () => {
  using world = filled()
  assert.deepEqual(world.see(), { state: 'rebuilt', count: 2, changed: [] })
  assert.deepEqual(world.see(), { state: 'fresh', count: 2, changed: [] })
  world.put('c', [1, 1])
  world.delete('a')
  world.put('other', [1, 1], 'e')
  assert.deepEqual(world.see(), { state: 'fresh', count: 2, changed: [] })
  assert.deepEqual(world.see('e'), { state: 'rebuilt', count: 1, changed: [] })
})

test('what a transaction has written is a delta, and leaves the index alone', () => {
  using world = filled()
  world.see()
  world.db.exec('BEGIN')
  assert.equal(world.see().state, 'fresh')
  world.put('c', [1, 1])
  world.delete('a')
  const seen = world.see()
  assert.deepEqual(
    { ...seen, changed: seen.changed!.toSorted() },
    {
      state: 'delta',
      count: 2,
      changed: ['a', 'c'],
    },
  )
  world.db.exec('ROLLBACK')
  assert.deepEqual(world.see(), { state: 'fresh', count: 2, changed: [] })
})

test('an index that is built after a write of its transaction is shared by its commit alone', () => {
  using world = filled()
  world.db.exec('BEGIN')
  world.put('c', [1, 1])
  assert.deepEqual(world.see(), { state: 'transaction-local', count: 3, changed: [] })
  world.db.exec('ROLLBACK')
  assert.deepEqual(world.see(), { state: 'rebuilt', count: 2, changed: [] })
  world.db.exec('BEGIN')
  world.put('x', [1, 1], 'e')
  assert.equal(world.see('e').state, 'transaction-local')
  world.db.exec('COMMIT')
  assert.deepEqual(world.see('e'), { state: 'fresh', count: 1, changed: [] })
})

test('without its triggers nothing but the table is trusted', () => {
  using world = filled()
  world.see()
  const drop = world.db
    .prepare(
      `SELECT 'DROP TRIGGER "' || name || '"' FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?`,
    )
    .pluck()
    .all(TABLE) as string[]
  assert.ok(drop.length > 0)
  world.db.exec(drop.join(';'))
  assert.deepEqual(world.see(), { state: 'table-scan' })
})
