import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '../../src/entries/main.ts'
import type { DatasetIndex } from '../../src/search/memory/dataset-index.ts'
import { indexCache } from '../../src/search/memory/index-cache.ts'
import { lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { openNative } from '../engine/vfs-native.ts'
import { noShell, shell } from '../engine/vfs-process.ts'
import { inBothSizes, LARGE, Scene } from './scene.ts'

/*
 * Readers in WAL mode keep the snapshot they began with while others commit. All connections of a process share one index, which
 * follows the newest of them.
 */
const skip = lockSupport().kind === 'ofd' ? noShell() : lockSupport().reason

if (skip === false) {
  inBothSizes('an older snapshot and the newest state are each answered, by turns', async scene => {
    const { db } = scene
    db.pragma('journal_mode = WAL')
    const reader = await scene.connect()
    scene.check(reader)
    for (let round = 0; round < 4; round++) {
      reader.exec('BEGIN')
      scene.check(reader)
      const before = reader.prepare('SELECT count(*) FROM _vec_docs').pluck().get()
      const shared = indexOf(db)
      for (let n = 0; n < 5; n++) {
        scene.put(`new${round}.${n}`, scene.near(n / 1000))
        scene.run('DELETE FROM _vec_docs WHERE id = ?', `d${round * 10 + n}`)
        scene.run('UPDATE _vec_docs SET archived = 1 WHERE id = ?', `d${round * 10 + n + 5}`)
        scene.check(db)
        scene.check(reader)
        assert.ok(!scene.top(5, reader).some(id => id.startsWith(`new${round}`)))
        assert.ok(scene.top(1, db)[0].startsWith('new'))
      }
      assert.equal(reader.prepare('SELECT count(*) FROM _vec_docs').pluck().get(), before)
      if (scene.size === LARGE) assert.equal(indexOf(db), shared, 'the index was dropped')
      reader.exec(round % 2 === 0 ? 'COMMIT' : 'ROLLBACK')
      scene.check(reader)
      assert.deepEqual(scene.top(3, reader), scene.top(3, db))
    }
  })

  inBothSizes('a snapshot that another program leaves behind is answered', async scene => {
    scene.db.pragma('journal_mode = WAL')
    const newer = await scene.connect()
    const native = openNative(scene.path)
    scene.check()
    scene.db.exec('BEGIN')
    scene.check()
    for (let n = 0; n < 3; n++) {
      native.exec(`UPDATE _vec_docs SET embedding = (SELECT embedding FROM _vec_docs WHERE id = 'd1')
        WHERE id IN ('d${n + 2}', 'd${n + 12}'); DELETE FROM _vec_docs WHERE id = 'd${n + 25}'`)
      scene.check()
      scene.check(newer)
    }
    scene.db.exec('COMMIT')
    scene.check()
    native.close()
  })

  inBothSizes('an open iterator keeps its snapshot, and so do searches beside it', async scene => {
    const { db } = scene
    db.pragma('journal_mode = WAL')
    const reader = await scene.connect()
    scene.check(reader)
    const rows = reader.prepare('SELECT id FROM _vec_docs').iterate()
    rows.next()
    scene.put('late', scene.near())
    scene.check(db)
    scene.check(reader)
    assert.notEqual(scene.top(1, reader)[0], 'late')
    rows.return?.()
    scene.check(reader)
    assert.equal(scene.top(1, reader)[0], 'late')
  })

  inBothSizes('more changes than are remembered: the table itself answers', async scene => {
    const { db } = scene
    db.pragma('journal_mode = WAL')
    const reader = await scene.connect()
    reader.exec('BEGIN')
    scene.check(reader)
    for (let round = 0; round < 4; round++) {
      db.transaction(() => {
        for (let n = 0; n < 900; n++) scene.put(`many${n}`, scene.vector(), 'b')
      })()
      scene.check(db)
      scene.check(reader)
    }
    reader.exec('COMMIT')
    scene.check(reader)
  })

  inBothSizes('a file that was put back is not taken for an older snapshot', async scene => {
    const { db } = scene
    db.pragma('journal_mode = WAL')
    const other = await scene.connect()
    db.exec(`VACUUM INTO '${scene.path}.backup'`)
    for (let n = 0; n < 5; n++) {
      scene.put(`gone${n}`, scene.near(n / 1000))
      scene.check(db)
      scene.check(other)
    }
    shell(scene.path, `.restore '${scene.path}.backup'`)
    // Fewer entries than the index has, and other ones.
    const native = openNative(scene.path)
    native.exec(`UPDATE _vec_docs SET embedding = (SELECT embedding FROM _vec_docs WHERE id = 'd1')
      WHERE id IN ('d2', 'd3')`)
    native.close()
    for (const each of [db, other, db]) {
      scene.check(each)
      assert.ok(!scene.top(9, each).some(id => id.startsWith('gone')))
    }
    scene.put('after', scene.near())
    for (const each of [db, other]) scene.check(each)
  })

  inBothSizes(
    'searches leave no snapshot behind that keeps a WAL from being emptied',
    async scene => {
      const { db } = scene
      db.pragma('journal_mode = WAL')
      const reader = await scene.connect()
      const native = openNative(scene.path)
      for (let round = 0; round < 3; round++) {
        scene.put(`x${round}`, scene.near(round / 1000))
        for (const each of [db, reader]) scene.check(each)
        reader.prepare('SELECT id FROM _vec_docs').get()
        assert.throws(() => reader.exec('INSERT INTO _vec_docs(dataset_id) VALUES (NULL)'))
        // Busy, and how many frames are left.
        assert.deepEqual(native.all('PRAGMA wal_checkpoint(TRUNCATE)'), ['0|0|0'])
      }
      native.close()
    },
  )

  inBothSizes('a row that vanishes without a trace is still in the older snapshot', async scene => {
    const { db } = scene
    scene.put('victim', scene.near())
    db.pragma('journal_mode = WAL')
    const reader = await scene.connect()
    reader.exec('BEGIN')
    scene.check(reader)
    // REPLACE by the rowid fires no trigger for the row that goes.
    db.exec(`INSERT OR REPLACE INTO _vec_docs(rowid, dataset_id, id, embedding)
      SELECT rowid, 'b', 'usurper', embedding FROM _vec_docs WHERE id = 'victim'`)
    for (let round = 0; round < 3; round++) {
      scene.check(db)
      assert.notEqual(scene.top(1, db)[0], 'victim')
      scene.check(reader)
      assert.equal(scene.top(1, reader)[0], 'victim')
      scene.put(`later${round}`, scene.vector())
    }
    reader.exec('COMMIT')
    scene.check(reader)
    assert.notEqual(scene.top(1, reader)[0], 'victim')
  })

  test('a large index outlives a long transaction of another connection', async () => {
    using scene = await Scene.make(LARGE)
    scene.db.pragma('journal_mode = WAL')
    const reader = await scene.connect()
    reader.exec('BEGIN')
    scene.check(reader)
    scene.put('x', scene.near())
    scene.check()
    const shared = indexOf(scene.db)
    for (let n = 0; n < 5; n++) {
      scene.check(reader)
      scene.check()
    }
    assert.equal(indexOf(scene.db), shared)
    reader.close()
  })
} else test('snapshots of a WAL', { skip })

function indexOf(db: Connection): DatasetIndex | undefined {
  for (const entry of indexCache.attach(db, 'main').entries.values())
    if (entry.dataset === 'a') return entry.datasetIndex
  return undefined
}
