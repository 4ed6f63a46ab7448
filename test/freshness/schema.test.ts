import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { wrong } from './oracle.ts'
import { inBothSizes, LARGE, newPath, Scene, SIZES, SMALL } from './scene.ts'

const SHADOW = `(dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT, meta TEXT, embedding BLOB,
  embedding_model TEXT, scn INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (dataset_id, id))`

inBothSizes(
  'a shadow table that is dropped gives a clear error, and made again its new rows',
  async scene => {
    const other = await scene.connect()
    scene.check(other)
    scene.check()
    scene.db.exec('DROP TABLE _vec_docs')
    for (const db of [scene.db, other])
      assert.throws(() => scene.top(1, db), {
        code: 'VEC_SHADOW',
        message: /no such table: main._vec_docs/,
      })
    scene.db.exec(`CREATE TABLE _vec_docs ${SHADOW}`)
    scene.put('new', scene.near())
    scene.check()
    scene.check(other)
    assert.deepEqual(scene.top(9), ['new'])
    scene.put('newer', scene.near(-0.0005))
    scene.check(other)
    scene.check()
    assert.equal(scene.top(1, other)[0], 'newer')
  },
)

inBothSizes('a shadow table that is made again between two queries gives its new rows', scene => {
  scene.check()
  scene.db.exec(`DROP TABLE _vec_docs; CREATE TABLE _vec_docs ${SHADOW}`)
  scene.put('new', scene.near())
  scene.check()
  scene.db.exec(`BEGIN; DROP TABLE _vec_docs; CREATE TABLE _vec_docs ${SHADOW}`)
  scene.put('other', scene.near())
  scene.check()
  scene.db.exec('ROLLBACK')
  scene.check()
  assert.deepEqual(scene.top(9), ['new'])
})

inBothSizes('a table that replaces the old one under its name is read anew', scene => {
  scene.check()
  scene.db.exec(
    `BEGIN; CREATE TABLE copy ${SHADOW};
     INSERT INTO copy SELECT * FROM _vec_docs WHERE id NOT LIKE '%3';
     DROP TABLE _vec_docs; ALTER TABLE copy RENAME TO _vec_docs; COMMIT`,
  )
  scene.check()
  scene.put('new', scene.near())
  scene.check()
  assert.equal(scene.top(1)[0], 'new')
})

inBothSizes('columns and indexes that come later change no answer', scene => {
  scene.check()
  scene.db.exec(
    'ALTER TABLE _vec_docs ADD COLUMN code TEXT; UPDATE _vec_docs SET code = id || dataset_id',
  )
  scene.check()
  scene.db.exec('CREATE UNIQUE INDEX by_code ON _vec_docs(code)')
  scene.put('new', scene.near(), 'b')
  scene.run("UPDATE _vec_docs SET code = 'new' WHERE id = 'new'")
  scene.check()
  scene.run("UPDATE OR REPLACE _vec_docs SET code = 'new' WHERE id = 'd1'")
  scene.check()
  scene.db.exec('ALTER TABLE _vec_docs RENAME COLUMN code TO sign; DROP INDEX by_code')
  scene.put('new', scene.near())
  scene.check()
})

inBothSizes('a vec table that is renamed keeps its rows, and follows them', async scene => {
  scene.check()
  scene.db.exec('ALTER TABLE docs RENAME TO papers')
  const papers = { table: 'papers' }
  scene.check(scene.db, papers)
  scene.run(
    "INSERT INTO _vec_papers(dataset_id, id, embedding) VALUES ('a', 'new', ?)",
    scene.near(),
  )
  scene.check(scene.db, papers)
  const other = await scene.connect()
  scene.run("DELETE FROM _vec_papers WHERE id = 'new'")
  scene.check(other, papers)
})

inBothSizes(
  'a vec table that is dropped and created again finds the rows as they are then',
  scene => {
    scene.check()
    scene.db.exec('DROP TABLE docs')
    scene.put('between', scene.near())
    scene.run("DELETE FROM _vec_docs WHERE id = 'd1'")
    scene.db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
    scene.check()
    assert.equal(scene.top(1)[0], 'between')
  },
)

inBothSizes(
  'triggers that were dropped are made again, and what passed them is found',
  async scene => {
    const other = await scene.connect()
    scene.check(other)
    scene.check()
    for (const event of ['inserted', 'updated', 'deleted']) {
      scene.db.exec(`DROP TRIGGER vec_journal__vec_docs_${event}`)
      scene.put('unseen', scene.near())
      scene.run("UPDATE _vec_docs SET archived = 1 - archived WHERE id = 'd2'")
      scene.run('DELETE FROM _vec_docs WHERE rowid = (SELECT min(rowid) FROM _vec_docs)')
      scene.check(other)
      scene.check()
      scene.run("DELETE FROM _vec_docs WHERE id = 'unseen'")
      scene.check()
      scene.check(other)
    }
  },
)

inBothSizes('triggers that are dropped inside a transaction hide nothing', scene => {
  scene.check()
  for (const end of ['ROLLBACK', 'COMMIT']) {
    scene.db.exec('BEGIN; DROP TRIGGER vec_journal__vec_docs_inserted')
    scene.put('unseen', scene.near())
    scene.check()
    scene.db.exec(end)
    scene.check()
    assert.equal(scene.top(1)[0] === 'unseen', end === 'COMMIT')
  }
})

test('attached files with the same table names never mix', async () => {
  for (const size of SIZES) {
    using scene = await Scene.make(size)
    scene.check()
    const second = newPath()
    const third = newPath()
    copyFileSync(scene.path, second)
    copyFileSync(scene.path, third)
    const { db } = scene
    db.prepare('ATTACH ? AS other').run(second)
    const other = { schema: 'other' }
    const insert = (schema: string, id: string): void => {
      db.prepare(
        `INSERT OR REPLACE INTO "${schema}"._vec_docs(dataset_id, id, embedding) VALUES ('a', ?, ?)`,
      ).run(id, scene.near())
    }
    insert('main', 'ours')
    insert('other', 'theirs')
    scene.check()
    scene.check(db, other)
    db.exec('BEGIN')
    insert('other', 'd1')
    db.exec('SAVEPOINT inner')
    insert('main', 'd2')
    scene.check()
    scene.check(db, other)
    db.exec('ROLLBACK TO inner')
    scene.check()
    scene.check(db, other)
    db.exec('ROLLBACK')
    scene.check()
    scene.check(db, other)
    // The names of the schemas change places.
    db.exec('DETACH other')
    db.prepare('ATTACH ? AS other').run(third)
    db.prepare('ATTACH ? AS again').run(second)
    insert('again', 'd3')
    for (const schema of ['main', 'other', 'again']) scene.check(db, { schema })
    assert.equal(scene.top(1)[0], 'ours')
  }
})

async function head(path: string): Promise<string> {
  using db = await open(path, { readonly: true })
  const bytes = db.prepare(`SELECT "index" FROM vector_storage WHERE dataset_id = 'a'`).pluck()
  return Buffer.from(bytes.get() as Uint8Array).toString('hex')
}

test('an index is saved in its own file, though the names of the schemas changed places', async () => {
  using scene = await Scene.make(LARGE)
  const [second, third] = [newPath(), newPath()]
  for (const path of [second, third]) copyFileSync(scene.path, path)
  const before = await head(second)
  const { db } = scene
  db.prepare('ATTACH ? AS other').run(second)
  scene.check(db, { schema: 'other' })
  db.exec('DETACH other')
  db.prepare('ATTACH ? AS other').run(third)
  db.prepare('ATTACH ? AS again').run(second)
  db.prepare(`INSERT INTO again._vec_docs(dataset_id, id, embedding) VALUES ('a', 'new', ?)`).run(
    scene.near(),
  )
  scene.check(db, { schema: 'again' })
  scene.check(db, { schema: 'other' })
  db.close()
  assert.equal(await head(third), before)
  assert.notEqual(await head(second), before)
})

test('the same file twice on one connection is one datasetIndex', async () => {
  for (const size of SIZES) {
    using scene = await Scene.make(size)
    const { db } = scene
    db.prepare('ATTACH ? AS twin').run(scene.path)
    scene.check()
    scene.check(db, { schema: 'twin' })
    scene.put('new', scene.near())
    scene.check(db, { schema: 'twin' })
    db.exec('BEGIN')
    scene.put('newer', scene.near(-0.0005))
    scene.check()
    scene.check(db, { schema: 'twin' })
    db.exec('ROLLBACK')
    scene.check(db, { schema: 'twin' })
    scene.check()
  }
})

test('dbpath leads to the rows of that file alone', async () => {
  for (const size of SIZES) {
    using scene = await Scene.make(size)
    using db = await open(newPath(), { allowDbpath: scene.path })
    db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, dbpath='${scene.path}')`)
    db.exec(`CREATE VIRTUAL TABLE mine USING vec(doc_id)`)
    const question = {
      table: 'docs',
      dataset: 'a',
      query: scene.queries[0],
      metric: 'cosine',
    } as const
    const far = (): void => {
      const found = db
        .prepare("SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? LIMIT 20")
        .pluck()
        .all(scene.queries[0])
      assert.deepEqual(found, scene.top(20))
    }
    far()
    scene.put('new', scene.near())
    far()
    db.exec('BEGIN')
    db.prepare("INSERT INTO _vec_mine(dataset_id, id, embedding) VALUES ('a', 'x', ?)").run(
      scene.near(),
    )
    far()
    assert.equal(wrong(db, { ...question, table: 'mine' }), undefined)
    db.exec('ROLLBACK')
    far()
    assert.equal(wrong(db, { ...question, table: 'mine' }), undefined)
    scene.check()
  }
})

test('datasets whose names differ by case, space, NUL or emoji never mix', async () => {
  const names = [
    'a',
    'A',
    'a ',
    ' a',
    'a\0',
    'a\0b',
    'ａ',
    'á',
    'a\u0301',
    'a😀',
    'a😁',
    "a'",
    'a"',
    'a%',
  ]
  for (const key of ['', ' COLLATE NOCASE', ' COLLATE RTRIM']) {
    using scene = await Scene.make(
      SMALL,
      `(dataset_id TEXT NOT NULL${key}, id TEXT NOT NULL${key}, embedding BLOB, archived INTEGER DEFAULT 0,
        PRIMARY KEY (dataset_id COLLATE BINARY, id COLLATE BINARY))`,
    )
    for (const [n, name] of names.entries()) {
      scene.put(name, scene.near(n / 100), name)
      scene.put(`${name}2`, scene.vector(), name)
    }
    const all = (): void => {
      for (const dataset of names) scene.check(scene.db, { dataset })
    }
    all()
    for (const [n, name] of names.entries()) {
      scene.put('same', scene.near(n / 50), name)
      scene.run(
        'UPDATE _vec_docs SET id = id || ? WHERE id = ? AND dataset_id = ? COLLATE BINARY',
        name,
        name,
        name,
      )
      all()
      scene.run(
        'DELETE FROM _vec_docs WHERE dataset_id = ? COLLATE BINARY AND id LIKE ?',
        name,
        'same',
      )
    }
    all()
    scene.run('DELETE FROM _vec_docs WHERE dataset_id = ?', 'a')
    all()
  }
})

test('a dataset of a large table with a name that only differs by case is its own', async () => {
  using scene = await Scene.make(LARGE)
  scene.put('upper', scene.near(), 'A')
  scene.check()
  assert.deepEqual(scene.top(5, scene.db, 'A'), ['upper'])
  scene.run("UPDATE _vec_docs SET dataset_id = 'A' WHERE id LIKE '%1'")
  scene.check()
  scene.check(scene.db, { dataset: 'A' })
})
