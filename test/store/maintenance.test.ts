import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LARGE, Scene } from '../freshness/scene.ts'

test('close() saves nothing and throws nothing while another connection is about to commit', async () => {
  using scene = await Scene.make(LARGE)
  scene.db.pragma('journal_mode = DELETE')
  const writer = await scene.connect({ busyTimeout: 0 })
  const reader = await scene.connect({ busyTimeout: 0 })
  const late = await scene.connect({ busyTimeout: 0 })
  scene.put('unsaved', scene.near())
  scene.check(late)
  // A commit that waits for a reader lets no new one in.
  const rows = reader.prepare('SELECT id FROM _vec_docs').iterate()
  rows.next()
  writer.exec('BEGIN')
  scene.put('held', scene.near(0.001), 'a', writer)
  assert.throws(() => writer.exec('COMMIT'), { code: 'SQLITE_BUSY' })
  late.close()
  rows.return?.()
  writer.exec('COMMIT')
})
