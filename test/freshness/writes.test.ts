import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inBothSizes, Scene, SMALL } from './scene.ts'

const COLUMNS = `dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT, meta TEXT, embedding BLOB,
  archived INTEGER NOT NULL DEFAULT 0`
const WITH_CODE = `(own INTEGER PRIMARY KEY, ${COLUMNS}, code TEXT UNIQUE, UNIQUE (id, dataset_id))`

inBothSizes('INSERT OR REPLACE leaves the new row and not the old one', scene => {
  scene.put('d1', scene.near())
  scene.check()
  assert.equal(scene.top(1)[0], 'd1')
  scene.put(
    'd1',
    scene.near().map(x => -x),
  )
  scene.check()
  assert.notEqual(scene.top(1)[0], 'd1')
})

inBothSizes('UPDATE OR REPLACE onto the key of another row takes that row away', scene => {
  scene.put('d1', scene.near())
  scene.check()
  scene.run("UPDATE OR REPLACE _vec_docs SET id = 'd2' WHERE dataset_id = 'a' AND id = 'd1'")
  scene.check()
  assert.equal(scene.top(1)[0], 'd2')
  scene.run("UPDATE OR REPLACE _vec_docs SET dataset_id = 'b', id = 'd9' WHERE id = 'd2'")
  scene.check()
  assert.equal(scene.top(1, scene.db, 'b')[0], 'd9')
})

inBothSizes('INSERT OR IGNORE and an upsert are seen as what they did', scene => {
  scene.run(
    "INSERT OR IGNORE INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'd1', ?)",
    scene.near(),
  )
  scene.check()
  assert.notEqual(scene.top(1)[0], 'd1')
  scene.run(
    `INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'd1', ?)
     ON CONFLICT DO UPDATE SET embedding = excluded.embedding`,
    scene.near(),
  )
  scene.check()
  assert.equal(scene.top(1)[0], 'd1')
})

inBothSizes('an id that was a BLOB for a while is found once', scene => {
  const again = (): void => {
    scene.run("UPDATE _vec_docs SET id = CAST(id AS BLOB) WHERE dataset_id = 'a' AND id = 'd1'")
    scene.run("DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id = CAST('d1' AS BLOB)")
    scene.put('d1', scene.near())
  }
  scene.check()
  again()
  scene.check()
  assert.deepEqual(
    scene.top(2).filter(id => id === 'd1'),
    ['d1'],
  )
  // And among the changes of an open transaction.
  scene.db.exec('BEGIN')
  again()
  scene.check()
  assert.deepEqual(
    scene.top(2).filter(id => id === 'd1'),
    ['d1'],
  )
  scene.db.exec('COMMIT')
  scene.check()
})

inBothSizes('REPLACE with recursive triggers is seen', scene => {
  scene.db.exec('PRAGMA recursive_triggers = ON')
  scene.put('d1', scene.near())
  scene.put('d1', null)
  scene.check()
  assert.notEqual(scene.top(1)[0], 'd1')
})

inBothSizes(
  'a row of another dataset that REPLACE deletes through another unique index is dropped',
  scene => {
    scene.put('ghost', scene.near(), 'b')
    scene.run("UPDATE _vec_docs SET code = 'same' WHERE id = 'ghost'")
    scene.check()
    assert.equal(scene.top(1, scene.db, 'b')[0], 'ghost')
    scene.run(
      "INSERT OR REPLACE INTO _vec_docs(dataset_id, id, embedding, code) VALUES ('a', 'other', ?, 'same')",
      scene.vector(),
    )
    scene.check()
    assert.ok(!scene.top(5, scene.db, 'b').includes('ghost'))
    // And through the rowid.
    scene.put('ghost', scene.near(), 'b')
    scene.check()
    scene.run(
      `INSERT OR REPLACE INTO _vec_docs(own, dataset_id, id, embedding)
       SELECT own, 'a', 'another', ? FROM _vec_docs WHERE id = 'ghost'`,
      scene.vector(),
    )
    scene.check()
  },
  WITH_CODE,
)

inBothSizes(
  'a vanished row stays away from a transaction that is then rolled back',
  scene => {
    scene.put('ghost', scene.near(), 'b')
    scene.run("UPDATE _vec_docs SET code = 'same' WHERE id = 'ghost'")
    scene.check()
    scene.db.exec('BEGIN')
    scene.run(
      "REPLACE INTO _vec_docs(dataset_id, id, embedding, code) VALUES ('a', 'other', ?, 'same')",
      scene.vector(),
    )
    scene.check()
    scene.db.exec('ROLLBACK')
    scene.check()
    assert.equal(scene.top(1, scene.db, 'b')[0], 'ghost')
  },
  WITH_CODE,
)

test('a dataset whose only row vanished finds what a transaction adds to it', async () => {
  using scene = await Scene.make(SMALL, WITH_CODE)
  scene.put('only', scene.near(), 'c')
  scene.run("UPDATE _vec_docs SET code = 'same' WHERE id = 'only'")
  scene.check(scene.db, { dataset: 'c' })
  scene.run(
    "REPLACE INTO _vec_docs(dataset_id, id, embedding, code) VALUES ('a', 'other', ?, 'same')",
    scene.vector(),
  )
  scene.check(scene.db, { dataset: 'c' })
  scene.db.exec('BEGIN')
  scene.put('first', scene.near(), 'c')
  scene.check(scene.db, { dataset: 'c' })
  scene.db.exec('COMMIT')
  scene.check(scene.db, { dataset: 'c' })
})

inBothSizes('other rowids, by VACUUM or by hand, change no answer', scene => {
  scene.run("DELETE FROM _vec_docs WHERE id LIKE '%1'")
  scene.check()
  for (const change of ['VACUUM', 'UPDATE _vec_docs SET rowid = 100000 - rowid']) {
    scene.db.exec(change)
    scene.check()
    const joined = scene.db
      .prepare(
        `SELECT d.id FROM docs v JOIN _vec_docs d ON d.rowid = v.rowid
         WHERE v.dataset_id = 'a' AND v.doc_id MATCH ? AND k = 5`,
      )
      .pluck()
      .all(scene.queries[0]) as string[]
    assert.deepEqual(joined.toSorted(), scene.top(5).toSorted())
  }
})

for (const [kind, shadow] of [
  ['WITHOUT ROWID', `(${COLUMNS}, extra, PRIMARY KEY (dataset_id, id)) WITHOUT ROWID`],
  [
    'with extra columns',
    `(${COLUMNS}, extra TEXT DEFAULT 'x', more REAL, PRIMARY KEY (dataset_id, id))`,
  ],
  ['with its own INTEGER PRIMARY KEY', WITH_CODE],
  [
    'whose key ignores case',
    `(${COLUMNS}, PRIMARY KEY (dataset_id COLLATE NOCASE, id COLLATE NOCASE))`,
  ],
] as const) {
  inBothSizes(
    `a shadow table ${kind} follows every write`,
    scene => {
      scene.put('new', scene.near())
      scene.check()
      scene.run("UPDATE _vec_docs SET embedding = ? WHERE id = 'd2'", scene.near(0.001))
      scene.check()
      scene.run("UPDATE _vec_docs SET id = 'moved' WHERE id = 'd2'")
      scene.check()
      assert.deepEqual(scene.top(2), ['new', 'moved'])
      scene.put('NEW', scene.near(0.002))
      scene.check()
      scene.run("DELETE FROM _vec_docs WHERE id IN ('new', 'NEW', 'd3')")
      scene.check()
      assert.equal(scene.top(1)[0], 'moved')
    },
    shadow,
  )
}

inBothSizes('an id or a dataset that UPDATE changes moves the row', scene => {
  scene.put('d1', scene.near())
  scene.check()
  scene.run("UPDATE _vec_docs SET id = 'renamed' WHERE id = 'd1'")
  scene.check()
  assert.equal(scene.top(1)[0], 'renamed')
  scene.run("UPDATE _vec_docs SET dataset_id = 'b' WHERE id = 'renamed'")
  scene.check()
  assert.equal(scene.top(1, scene.db, 'b')[0], 'renamed')
  assert.notEqual(scene.top(1)[0], 'renamed')
  scene.run("UPDATE _vec_docs SET dataset_id = dataset_id || '!' WHERE dataset_id = 'b'")
  scene.check()
  scene.check(scene.db, { dataset: 'b!' })
})

inBothSizes('two ids that are swapped swap their vectors', scene => {
  scene.put('d1', scene.near())
  scene.check()
  scene.db.transaction(() => {
    scene.run("UPDATE _vec_docs SET id = 'between' WHERE id = 'd1'")
    scene.run("UPDATE _vec_docs SET id = 'd1' WHERE id = 'd2'")
    scene.check()
    scene.run("UPDATE _vec_docs SET id = 'd2' WHERE id = 'between'")
    scene.check()
  })()
  scene.check()
  assert.equal(scene.top(1)[0], 'd2')
})

inBothSizes('an archived row leaves, and returns when it is no longer archived', scene => {
  scene.put('d1', scene.near())
  scene.check()
  scene.run("UPDATE _vec_docs SET archived = 1 WHERE id = 'd1'")
  scene.check()
  assert.notEqual(scene.top(1)[0], 'd1')
  scene.run("UPDATE _vec_docs SET archived = 0 WHERE id = 'd1'")
  scene.check()
  assert.equal(scene.top(1)[0], 'd1')
  scene.run("UPDATE _vec_docs SET archived = id IN ('d1', 'd5')")
  scene.check()
})

inBothSizes('a write that alters no answer leaves the journal alone', scene => {
  const last = (): unknown => scene.db.prepare('SELECT max(seq) FROM vec_journal').pluck().get()
  const before = last()
  scene.run("UPDATE _vec_docs SET content = 'x', meta = meta, scn = scn + 1, embedding_model = 'm'")
  scene.run('UPDATE _vec_docs SET embedding = embedding, archived = archived, id = id')
  assert.equal(last(), before)
  scene.check()
})

inBothSizes('embeddings that are no vectors are no members, and harm nobody', scene => {
  const { dim } = scene.size
  const bytes = new Uint8Array(scene.near().buffer)
  const notANumber = bytes.slice()
  notANumber.set([0, 0, 0xc0, 0x7f])
  for (const odd of [
    null,
    new Uint8Array(0),
    bytes.slice(0, -1),
    new Uint8Array(dim * 4),
    notANumber,
    new Float32Array(dim + 1).fill(1),
  ]) {
    scene.put('odd', odd)
    scene.check()
    scene.put('d3', odd)
    scene.check()
    assert.ok(!scene.top(5).includes('odd'))
  }
  scene.put('odd', scene.near())
  scene.check()
  assert.equal(scene.top(1)[0], 'odd')
})

inBothSizes('rows that a foreign key or a trigger of the user changes are seen', scene => {
  const { db } = scene
  db.exec('PRAGMA foreign_keys = ON')
  db.exec(`CREATE TABLE owner(name TEXT PRIMARY KEY);
    INSERT INTO owner VALUES ('a'), ('b');
    CREATE TABLE event(id TEXT);
    CREATE TRIGGER forget AFTER INSERT ON event BEGIN
      DELETE FROM _vec_docs WHERE id = NEW.id; END`)
  scene.put('d1', scene.near())
  scene.check()
  scene.run("INSERT INTO event VALUES ('d1')")
  scene.check()
  assert.notEqual(scene.top(1)[0], 'd1')
})

test('rows that a cascade deletes or moves are gone from the answers', async () => {
  const shadow = `(${COLUMNS}, owner INTEGER REFERENCES owner(n) ON DELETE CASCADE, PRIMARY KEY (dataset_id, id))`
  using scene = await Scene.make(SMALL, shadow)
  scene.db.exec(
    'PRAGMA foreign_keys = ON; CREATE TABLE owner(n INTEGER PRIMARY KEY); INSERT INTO owner VALUES (1)',
  )
  scene.put('owned', scene.near())
  scene.run("UPDATE _vec_docs SET owner = 1 WHERE id = 'owned'")
  scene.check()
  assert.equal(scene.top(1)[0], 'owned')
  scene.db.exec('DELETE FROM owner')
  scene.check()
  assert.notEqual(scene.top(1)[0], 'owned')
})

inBothSizes('thousands of changed rows are all seen, and so is an emptied dataset', scene => {
  scene.run("UPDATE _vec_docs SET embedding = ? WHERE id LIKE '%7'", scene.near())
  scene.check()
  scene.db.exec('BEGIN; DELETE FROM _vec_docs')
  scene.check()
  scene.db.exec('ROLLBACK')
  scene.check()
  scene.db.exec('DELETE FROM _vec_docs')
  scene.check()
  scene.put('first', scene.near())
  scene.check()
  assert.deepEqual(scene.top(9), ['first'])
})
