import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeManifest, encodeManifest } from '../../src/search/persistence/manifest.ts'
import { LARGE, Scene, SMALL, type Size } from './scene.ts'

// Numbers in the journal, its state and saved heads that no trigger of ours writes: by hand, or by whoever made the file.

const entry = (seq: string, tag = '1'): string =>
  `INSERT INTO vec_journal(seq, tag, shadow_table, dataset_id, id) VALUES (${seq}, ${tag}, '_vec_docs', 'a', 'x')`
const state = (column: string, value: string): string =>
  `UPDATE vec_journal_state SET ${column} = ${value}`

const NUMBERS: Readonly<Record<string, string>> = {
  'the highest number': entry('9223372036854775807'),
  'a number of 2^53': entry('9007199254740992'),
  'the last number that is handled': entry('9007199254740991'),
  'only negative numbers': `DELETE FROM vec_journal; ${entry('-5')}`,
  'a negative number before others': entry('-5'),
  'number 0': entry('0'),
  'an entry without a tag': entry('NULL', 'NULL'),
  'a tag of text': entry('NULL', "'tag'"),
  'a tag that is no whole number': entry('NULL', '1.5'),
  'a tag of bytes': entry('NULL', "x'00'"),
  'an epoch of text': state('epoch', "'abc'"),
  'an epoch of bytes': state('epoch', "x'01'"),
  'an epoch that is no whole number': state('epoch', '0.5'),
  'a negative epoch': state('epoch', '-1'),
  'the highest epoch': state('epoch', '9223372036854775807'),
  'an epoch above it': state('epoch', '1e300'),
  'pruned_seq as text': state('pruned_seq', "'abc'"),
  'a negative pruned_seq': state('pruned_seq', '-1'),
  'the highest pruned_seq': state('pruned_seq', '9223372036854775807'),
  'a pruned_seq that is no whole number': state('pruned_seq', '0.25'),
  'a pruned_seq above all entries': state('pruned_seq', '1000000000'),
}

/** They are as good as any: nothing is out of range. */
const SOUND = new Set(['the last number that is handled', 'a pruned_seq above all entries'])

for (const size of [SMALL, LARGE]) {
  for (const [name, sql] of Object.entries(NUMBERS)) {
    test(`answers stay right with ${name} (${size.name})`, async () => {
      await checkNumbers(size, sql, SOUND.has(name))
    })
  }
}

async function checkNumbers(size: Size, sql: string, sound: boolean): Promise<void> {
  using scene = await Scene.make(size)
  const other = await scene.connect()
  const everywhere = (): void => {
    scene.check()
    scene.check(other)
  }
  everywhere()
  scene.db.exec(sql)
  everywhere()
  // The nearest row goes, and another comes; twice, as the first entries after it may still be in order.
  for (let n = 0; n < 2; n++) {
    const [first] = scene.top(1)
    scene.put(`new${n}`, scene.near(n / 1e4))
    scene.run(`DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id = ?`, first)
    everywhere()
    assert.equal(scene.top(1, other)[0], `new${n}`)
  }
  scene.db.exec('BEGIN')
  scene.put('uncommitted', scene.near(-0.0005))
  scene.check()
  scene.db.exec('ROLLBACK')
  everywhere()

  // Maintenance is not thrown off.
  scene.db.prepare(`SELECT op FROM vec_admin WHERE op MATCH 'optimize:docs:'`).all()
  scene.db.prepare(`SELECT op FROM vec_admin WHERE op MATCH 'stats:docs:'`).all()
  everywhere()

  const complaints = scene.db
    .prepare(
      `SELECT op FROM vec_admin WHERE op MATCH 'check:docs:' AND topic = 'journal' AND severity = 'warning'`,
    )
    .pluck()
  const found = complaints.all() as string[]
  // The last number that is handled is not out of range; the one that came after it is.
  if (!sound) assert.match(found.join(), /out of range/)
  scene.db.prepare(`SELECT op FROM vec_admin WHERE op MATCH 'repair:docs:'`).all()
  assert.deepEqual(complaints.all(), [])
  everywhere()
  const stats = scene.db.prepare(`SELECT op FROM vec_admin WHERE op MATCH 'stats:docs:a'`).pluck()
  assert.doesNotMatch((stats.all() as string[]).join(), /the table itself answers/)
  scene.put('last', scene.near(-0.0005))
  everywhere()
  assert.equal(scene.top(1, other)[0], 'last')
}

test('a saved head whose place in the journal is out of range is passed over, reported and replaced', async () => {
  using scene = await Scene.make(LARGE)
  const heads = scene.db
    .prepare(`SELECT "index" FROM vector_storage WHERE dataset_id = 'a'`)
    .pluck()
  const stored = heads.get() as Uint8Array
  const head = decodeManifest(stored)
  const places = [
    { seq: 2 ** 53, epoch: head.logPosition.epoch },
    { seq: 2 ** 63, epoch: head.logPosition.epoch },
    { seq: head.logPosition.seq, epoch: 2 ** 60 },
  ]
  for (const { seq, epoch } of places) {
    const damaged = encodeManifest({ ...head, logPosition: { ...head.logPosition, seq, epoch } })
    assert.throws(() => decodeManifest(damaged), /its journal position is out of range/)
    scene.run(`UPDATE vector_storage SET "index" = ? WHERE dataset_id = 'a'`, damaged)
    const fresh = await scene.connect()
    scene.check(fresh)
    scene.put(`new${seq}`, scene.near(-1e-5))
    scene.check(fresh)
    const found = scene.db
      .prepare(
        `SELECT op FROM vec_admin WHERE op MATCH 'check:docs:a' AND topic = 'storage' AND severity = 'warning'`,
      )
      .pluck()
    assert.match(String(found.get()), /out of range/)
    scene.db.prepare(`SELECT op FROM vec_admin WHERE op MATCH 'repair:docs:a'`).all()
    assert.equal(found.get(), undefined)
    scene.check(fresh)
  }
})
