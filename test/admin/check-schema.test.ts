import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import {
  admin,
  assertExact,
  assertMends,
  complaints,
  elsewhere,
  fill,
  filled,
  LARGE,
  newPath,
  SMALL,
  topics,
} from './scene.ts'

const ORIGINAL = `CREATE TRIGGER trg_vec_main__vec_docs_ins AFTER INSERT ON _vec_docs BEGIN
  DELETE FROM vector_storage WHERE shadow_table_name = 'main._vec_docs' AND dataset_id = NEW.dataset_id;
  SELECT vec_invalidate('main._vec_docs', NEW.dataset_id); END`

/** What another program does to what stands beside the rows, and what is said of it. */
const cases: readonly { name: string; sql: string; topic: string; op: RegExp }[] = [
  {
    name: 'a trigger is missing',
    sql: 'DROP TRIGGER vec_journal__vec_docs_inserted; DROP TRIGGER vec_journal_deleted',
    topic: 'warning triggers',
    op: /vec_journal_deleted is missing, vec_journal__vec_docs_inserted is missing/,
  },
  {
    name: 'a trigger is another',
    sql: `DROP TRIGGER vec_journal__vec_docs_deleted;
      CREATE TRIGGER vec_journal__vec_docs_deleted AFTER DELETE ON _vec_docs BEGIN SELECT 1; END`,
    topic: 'warning triggers',
    op: /vec_journal__vec_docs_deleted differs/,
  },
  {
    name: 'triggers of the original stand beside ours',
    sql: ORIGINAL,
    topic: 'warning triggers',
    op: /call a function that other programs lack.*: trg_vec_main__vec_docs_ins$/,
  },
  {
    name: 'the journal is gone',
    sql: 'DROP TABLE vec_journal',
    topic: 'warning journal',
    op: /^vec_journal\b/,
  },
  {
    name: 'the state of the journal is gone',
    sql: 'DELETE FROM vec_journal_state',
    topic: 'warning journal',
    op: /^the row of vec_journal_state is missing/,
  },
]

for (const { name, sql, topic, op } of cases) {
  test(`${name}: a check tells, changes nothing, and a repair mends it`, async () => {
    const path = newPath()
    const first = await filled(path, LARGE)
    first.close()
    elsewhere(path, sql)
    const db = await open(path)
    const version = db.pragma('schema_version', { simple: true })
    const found = complaints(admin(db, 'check:docs:a')).filter(row => row.dataset_id === null)
    assert.ok(topics(found).includes(topic), topics(found).join())
    assert.ok(
      found.some(row => op.test(row.op)),
      found.map(row => row.op).join('\n'),
    )
    assert.equal(db.pragma('schema_version', { simple: true }), version)
    assert.ok(
      found.every(row => row.remedy === "SELECT op FROM vec_admin WHERE op MATCH 'repair:docs:'"),
    )
    const done = assertMends(db, 'repair:docs:a', LARGE.dim)
    assert.ok(done.some(row => `warning ${row.topic}` === topic || `error ${row.topic}` === topic))
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok')
    // Every change is seen again, by whomever it is made.
    elsewhere(path, "DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id = 'doc 1'")
    assertExact(db, 'a', LARGE.dim)
    db.close()
  })
}

test('a journal that is another table is told, and the remedy makes way for a new one', async () => {
  const path = newPath()
  const first = await filled(path, LARGE)
  first.close()
  elsewhere(path, 'DROP TABLE vec_journal; CREATE TABLE vec_journal(note TEXT)')
  const db = await open(path)
  const [found] = complaints(admin(db, 'check:docs:a'))
  assert.deepEqual([found.severity, found.topic], ['error', 'journal'])
  const version = db.pragma('schema_version', { simple: true })
  assertExact(db, 'a', LARGE.dim)
  assert.deepEqual(topics(complaints(admin(db, 'repair:docs:a'))), ['error journal'])
  assert.throws(() => db.exec('CREATE VIRTUAL TABLE more USING vec(id)'), {
    code: 'VEC_SHADOW',
    message: /\bvec_journal\b/,
  })
  assert.equal(db.pragma('schema_version', { simple: true }), version)
  db.exec(found.remedy!)
  assertMends(db, 'repair:docs:a', LARGE.dim)
  elsewhere(path, "DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id = 'doc 1'")
  assertExact(db, 'a', LARGE.dim)
  db.close()
})

test('triggers that users made themselves are nobody’s concern', async () => {
  const path = newPath()
  const db = await filled(path)
  elsewhere(path, 'CREATE TRIGGER mine AFTER INSERT ON _vec_docs BEGIN SELECT 1; END')
  assert.deepEqual(complaints(admin(db, 'check:docs:')), [])
  admin(db, 'repair:docs:')
  assert.equal(
    db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'mine'").pluck().get(),
    1,
  )
  db.close()
})

test('a shadow table that cannot serve is a finding, not an error', async () => {
  const path = newPath()
  const db = await filled(path)
  elsewhere(path, 'ALTER TABLE _vec_docs RENAME TO elsewhere')
  for (const word of ['check', 'repair']) {
    const [found, ...others] = admin(db, `${word}:docs:`)
    assert.deepEqual([found.severity, found.topic, others], ['error', 'shadow-table', []])
    assert.match(found.op, /no such table: main\._vec_docs/)
  }
  elsewhere(
    path,
    'ALTER TABLE elsewhere RENAME TO _vec_docs; DROP TRIGGER vec_journal__vec_docs_updated; ALTER TABLE _vec_docs DROP COLUMN embedding',
  )
  assert.match(admin(db, 'check:docs:a')[0].op, /no such column: embedding/)
  db.close()
})

test('a shadow table without a unique key is told, and the remedy mends it', async () => {
  const path = newPath()
  const db = await filled(path)
  elsewhere(
    path,
    `CREATE TABLE kept AS SELECT * FROM _vec_docs; DROP TABLE _vec_docs; ALTER TABLE kept RENAME TO _vec_docs`,
  )
  const [found] = complaints(admin(db, 'check:docs:a'))
  assert.deepEqual([found.severity, found.topic], ['error', 'shadow-table'])
  assertExact(db, 'a', SMALL.dim)
  db.exec(found.remedy!)
  assertMends(db, 'repair:docs:a', SMALL.dim)
  db.close()
})

test('a journal that nobody needs any more is pruned', async () => {
  const path = newPath()
  const db = await filled(path)
  elsewhere(
    path,
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
     INSERT INTO vec_journal(tag, shadow_table, dataset_id, id) SELECT random(), '_vec_docs', 'other', i FROM n`,
  )
  const found = admin(db, 'check:docs:').find(row => row.topic === 'journal')!
  assert.equal(found.severity, 'info')
  assert.match(found.op, /\b60040 changes\b.*\b60039\b/)
  db.exec('BEGIN')
  const done = assertMends(db, 'repair:docs:', SMALL.dim)
  assert.ok(done.some(row => row.op.includes('60000 changes')))
  db.exec('ROLLBACK')
  assert.equal(found.remedy, "SELECT op FROM vec_admin WHERE op MATCH 'optimize:docs:'")
  db.exec(found.remedy)
  // So few are not worth a write.
  assert.equal(db.prepare('SELECT count(*) FROM vec_journal').pluck().get(), 40)
  assert.equal(admin(db, 'check:docs:').find(row => row.topic === 'journal')!.remedy, null)
  db.close()
})

test('a table that is rolled back is as it was before the repair', async () => {
  const path = newPath()
  const db = await filled(path)
  elsewhere(path, 'DROP TRIGGER vec_journal__vec_docs_inserted')
  db.exec('BEGIN')
  assert.deepEqual(topics(admin(db, 'repair:docs:a')), ['ok triggers', 'ok index'])
  assert.deepEqual(complaints(admin(db, 'check:docs:a')), [])
  db.exec('ROLLBACK')
  assert.deepEqual(topics(complaints(admin(db, 'check:docs:a'))), ['warning triggers'])
  fill(db, 'docs', 'c', 5, SMALL.dim)
  assertMends(db, 'repair:docs:a', SMALL.dim)
  assertExact(db, 'c', SMALL.dim)
  db.close()
})
