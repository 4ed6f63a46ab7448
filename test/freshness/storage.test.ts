import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeOriginal } from '../../src/viant/formats/decode-original.ts'
import { inBothSizes, LARGE, Scene, TREE } from './scene.ts'

async function reopened(scene: Scene): Promise<void> {
  scene.db.close()
  scene.db = await scene.connect()
}

const journalDamage = [
  'DELETE FROM vec_journal',
  'DELETE FROM vec_journal WHERE seq % 2 = 0',
  'DELETE FROM vec_journal WHERE seq > (SELECT max(seq) - 3 FROM vec_journal)',
  "UPDATE vec_journal SET id = 'nobody'",
  'UPDATE vec_journal SET tag = tag + 1',
  'UPDATE vec_journal SET dataset_id = dataset_id || dataset_id WHERE seq % 2 = 1',
  'UPDATE vec_journal SET seq = -seq',
  'DROP TABLE vec_journal',
  'DELETE FROM vec_journal_state',
  'DROP TABLE vec_journal_state',
  'DROP TRIGGER vec_journal_deleted; DELETE FROM vec_journal',
]

for (const damage of journalDamage) {
  inBothSizes(`answers are right after ${damage}`, async scene => {
    scene.check()
    scene.put('first', scene.near())
    scene.db.exec(damage)
    scene.check()
    assert.equal(scene.top(1)[0], 'first')
    scene.run("DELETE FROM _vec_docs WHERE id = 'first'")
    scene.check()
    await reopened(scene)
    scene.check()
    scene.put('last', scene.near())
    scene.check()
  })
}

const storageDamage: [what: string, sql: string][] = [
  ['all heads are deleted', 'DELETE FROM vector_storage'],
  ['all chunks are deleted', 'DELETE FROM vector_storage_chunks'],
  ['half of the chunks are deleted', 'DELETE FROM vector_storage_chunks WHERE rowid % 2'],
  [
    'the chunks of the ids are deleted',
    "DELETE FROM vector_storage_chunks WHERE section LIKE 'ids%'",
  ],
  ['chunks are cut', 'UPDATE vector_storage_chunks SET data = substr(data, 1, length(data) / 2)'],
  [
    'the last chunk is longer',
    "UPDATE vector_storage_chunks SET data = CAST(data || 'x' AS BLOB) WHERE chunk = 1",
  ],
  [
    'a bit of every chunk is flipped',
    "UPDATE vector_storage_chunks SET data = CAST(substr(data, 1, 999) || x'aa' || substr(data, 1001) AS BLOB)",
  ],
  ['chunks change places', 'UPDATE vector_storage_chunks SET chunk = 1000 - chunk'],
  ['chunks are text', "UPDATE vector_storage_chunks SET data = 'text'"],
  ['heads are cut', 'UPDATE vector_storage SET "index" = substr("index", 1, 40)'],
  ['heads are empty', 'UPDATE vector_storage SET "index" = zeroblob(0)'],
  ['heads are NULL', 'UPDATE vector_storage SET "index" = NULL'],
  ['heads are numbers', 'UPDATE vector_storage SET "index" = 42'],
  ['heads are of another program', 'UPDATE vector_storage SET "index" = zeroblob(200)'],
  [
    'heads change places',
    `UPDATE vector_storage SET dataset_id = '?' WHERE dataset_id = 'a';
     UPDATE OR REPLACE vector_storage SET dataset_id = 'a' WHERE dataset_id = 'b';
     INSERT INTO vector_storage SELECT shadow_table_name, 'b', "index" FROM vector_storage WHERE dataset_id = '?'`,
  ],
  [
    'a dataset carries the index of another',
    `DELETE FROM vector_storage WHERE dataset_id = 'b'; DELETE FROM vector_storage_chunks WHERE dataset_id = 'b';
     INSERT INTO vector_storage SELECT shadow_table_name, 'b', "index" FROM vector_storage;
     INSERT INTO vector_storage_chunks
     SELECT shadow_table_name, 'b', section, chunk, data FROM vector_storage_chunks`,
  ],
  ['the tables are gone', 'DROP TABLE vector_storage; DROP TABLE vector_storage_chunks'],
]

for (const size of [LARGE, TREE]) {
  for (const [what, sql] of storageDamage) {
    test(`answers are right when ${what} (${size.name})`, async () => {
      using scene = await Scene.make(size)
      assert.ok(saved(scene) > 0)
      scene.db.exec(sql)
      scene.check()
      scene.put('new', scene.near())
      scene.check()
      await reopened(scene)
      scene.check()
      assert.equal(scene.top(1)[0], 'new')
    })
  }
}

function saved(scene: Scene): number {
  return scene.db.prepare('SELECT count(*) FROM vector_storage').pluck().get() as number
}

test('a saved index whose chunks were deleted is saved whole again', async () => {
  using scene = await Scene.make(LARGE)
  const count = (): unknown =>
    scene.db.prepare('SELECT count(*) FROM vector_storage_chunks').pluck().get()
  const before = count()
  scene.db.exec('DELETE FROM vector_storage_chunks WHERE chunk % 2 = 0')
  await reopened(scene)
  scene.check()
  await reopened(scene)
  assert.equal(count(), before)
})

for (const size of [LARGE, TREE]) {
  test(`rows that came, changed and went between two processes are right in the next one (${size.name})`, async () => {
    using scene = await Scene.make(size)
    for (let round = 0; round < 4; round++) {
      scene.put(`new${round}`, scene.near(-round / 1000))
      scene.run('DELETE FROM _vec_docs WHERE id LIKE ?', `d%${round}7`)
      scene.run('UPDATE _vec_docs SET embedding = ? WHERE id LIKE ?', scene.vector(), `d%${round}5`)
      if (round % 2 === 0) scene.check()
      await reopened(scene)
      scene.check()
    }
  })
}

test('the journal is pruned, and whoever holds an older index answers rightly', async () => {
  using scene = await Scene.make(LARGE)
  const other = await scene.connect()
  scene.check(other)
  const entries = (): number =>
    scene.db.prepare('SELECT count(*) FROM vec_journal').pluck().get() as number
  scene.db.exec('UPDATE _vec_docs SET archived = 1; UPDATE _vec_docs SET archived = 0')
  const before = entries()
  scene.check()
  await reopened(scene)
  scene.check()
  await reopened(scene)
  assert.ok(entries() < before / 2, `${entries()} entries of ${before} are left`)
  scene.check()
  scene.check(other)
  scene.put('new', scene.near())
  scene.check(other)
  scene.check()
})

test('the head of a saved index begins so that the original refuses it', async () => {
  using scene = await Scene.make(LARGE)
  const head = scene.db
    .prepare('SELECT "index" FROM vector_storage WHERE dataset_id = ?')
    .pluck()
    .get('a') as Uint8Array
  assert.equal(Buffer.from(head.subarray(0, 12)).toString('hex'), '5356543101000000ffffffff')
  assert.equal(Buffer.from(head.subarray(0, 4)).toString(), 'SVT1')
  assert.throws(() => decodeOriginal(head), { code: 'VEC_STORAGE' })
})
