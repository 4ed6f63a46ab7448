import assert from 'node:assert/strict'
import { inBothSizes } from './scene.ts'

inBothSizes('rolled-back rows are never found, though their numbers are given again', scene => {
  const { db } = scene
  for (let round = 0; round < 4; round++) {
    db.exec('BEGIN')
    scene.put(`lost${round}`, scene.near())
    scene.put('d1', scene.near(0.001))
    scene.check()
    assert.equal(scene.top(1)[0], `lost${round}`)
    db.exec('ROLLBACK')
    if (round % 2 === 0) scene.check()
    // The same numbers in the journal, other rows.
    scene.put(`kept${round}`, scene.near(0.002 + round / 1000))
    scene.run('DELETE FROM _vec_docs WHERE id = ?', `d${round + 20}`)
    scene.check()
    assert.ok(!scene.top(9).some(id => id.startsWith('lost')))
  }
})

inBothSizes('ROLLBACK TO, RELEASE and nested savepoints each leave what they leave', scene => {
  const { db } = scene
  db.exec('SAVEPOINT one')
  scene.put('one', scene.near(0))
  scene.check()
  db.exec('SAVEPOINT two')
  scene.put('two', scene.near(0.001))
  scene.run("DELETE FROM _vec_docs WHERE id = 'one'")
  scene.check()
  assert.equal(scene.top(1)[0], 'two')
  db.exec('ROLLBACK TO two')
  scene.check()
  assert.equal(scene.top(1)[0], 'one')
  scene.put('three', scene.near(0.001))
  scene.put('four', scene.near(0.002))
  scene.check()
  db.exec('SAVEPOINT three')
  scene.run("UPDATE _vec_docs SET archived = 1 WHERE id = 'three'")
  scene.check()
  db.exec('RELEASE three')
  scene.check()
  assert.deepEqual(scene.top(2), ['one', 'four'])
  db.exec('ROLLBACK TO two; RELEASE two')
  scene.check()
  db.exec('RELEASE one')
  scene.check()
  assert.equal(scene.top(1)[0], 'one')
})

inBothSizes(
  'a dataset that is first asked inside a transaction is right in it and after it',
  async scene => {
    for (const end of ['ROLLBACK', 'COMMIT']) {
      scene.db.close()
      const db = await scene.connect()
      scene.db = db
      db.exec('BEGIN')
      scene.put('early', scene.near())
      scene.check()
      db.exec('SAVEPOINT inner')
      scene.put('later', scene.near(-0.0005))
      scene.check()
      assert.deepEqual(scene.top(2), ['later', 'early'])
      db.exec('ROLLBACK TO inner')
      // One more entry than was rolled back: the last number of the private index means another row now.
      scene.put('other', scene.near(0.01))
      scene.put('another', scene.vector())
      scene.check()
      db.exec(end)
      scene.check()
      assert.equal(scene.top(1)[0] === 'early', end === 'COMMIT')
    }
  },
)

inBothSizes(
  'write, search, write, search in one transaction: each search sees its own state',
  scene => {
    const { db } = scene
    db.exec('BEGIN')
    for (let n = 0; n < 5; n++) {
      scene.put(`n${n}`, scene.near(-n / 10_000))
      scene.check()
      assert.equal(scene.top(1)[0], `n${n}`)
    }
    scene.run("DELETE FROM _vec_docs WHERE id = 'n4'")
    scene.check()
    assert.equal(scene.top(1)[0], 'n3')
    db.exec('ROLLBACK')
    scene.check()
    assert.ok(!scene.top(9).includes('n0'))
  },
)

inBothSizes(
  'another connection sees the committed state while a transaction is open',
  async scene => {
    const other = await scene.connect()
    scene.check(other)
    for (const end of ['ROLLBACK', 'COMMIT']) {
      scene.db.exec('BEGIN')
      scene.put('new', scene.near())
      scene.run("DELETE FROM _vec_docs WHERE id = 'd3'")
      scene.check()
      scene.check(other)
      assert.equal(scene.top(1)[0], 'new')
      assert.notEqual(scene.top(1, other)[0], 'new')
      scene.db.exec(end)
      scene.check(other)
      scene.check()
    }
    assert.equal(scene.top(1, other)[0], 'new')
  },
)

inBothSizes('a statement that fails half-way leaves no trace', scene => {
  const { db } = scene
  scene.check()
  const insert = db.prepare(
    `INSERT INTO _vec_docs(dataset_id, id, embedding)
     SELECT 'a', id, ? FROM (SELECT 'new' AS id UNION ALL SELECT 'newer' UNION ALL SELECT 'd1')`,
  )
  assert.throws(() => insert.run(scene.near()), /UNIQUE/)
  scene.check()
  db.exec('BEGIN')
  scene.put('before', scene.vector())
  assert.throws(() => insert.run(scene.near()), /UNIQUE/)
  scene.check()
  db.exec('COMMIT')
  scene.check()
})

inBothSizes('a statement that searches while it writes sees what it wrote before', scene => {
  scene.run(
    `INSERT INTO _vec_docs(dataset_id, id, embedding)
     SELECT 'b', 'copy of ' || v.doc_id, d.embedding FROM docs v
     JOIN _vec_docs d ON d.dataset_id = v.dataset_id AND d.id = v.doc_id
     WHERE v.dataset_id = 'a' AND v.doc_id MATCH ? AND v.k = 5`,
    scene.queries[0],
  )
  scene.check()
  const copies = scene.db.prepare(
    "SELECT count(*) FROM docs WHERE dataset_id = 'b' AND doc_id LIKE 'copy%'",
  )
  assert.equal(copies.pluck().get(), 5)
})
