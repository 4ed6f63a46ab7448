import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, VecError, type BindValue } from '../../src/entries/main.ts'

// NULL, empty values and values of a wrong type in each place of an argument of the statements that docs/sql.md shows.

const VALUES: Readonly<Record<string, BindValue>> = {
  NULL: null,
  empty: '',
  blank: ' ',
  x: 'x',
  vector: '[1, 0]',
  text5: '5',
  '5': 5,
  '7.5': 7.5,
  '2^62': 2n ** 62n,
  '-3': -3,
  blob8: new Uint8Array(Float32Array.of(1, 0).buffer),
  blob0: new Uint8Array(0),
  blob3: new Uint8Array(3),
  nan: new Uint8Array(Float32Array.of(NaN, 0).buffer),
}

/** A place, a statement, and what comes of which values: ids, rows changed, or the code of an error. */
type Place = readonly [place: string, sql: string, outcomes: Readonly<Record<string, string>>]

const PLACES: readonly Place[] = [
  [
    'dataset_id = ? of a search',
    `SELECT doc_id FROM docs WHERE dataset_id = ? AND doc_id MATCH '[1, 0]'`,
    {
      x: 'text5 5',
      VEC_QUERY: 'NULL empty blank blob0',
      nothing: 'x vector 7.5 2^62 -3 blob8 blob3 nan',
    },
  ],
  [
    'dataset_id = ? of a scan',
    `SELECT doc_id FROM docs WHERE dataset_id = ?`,
    {
      x: 'text5 5',
      VEC_QUERY: 'NULL',
      nothing: 'empty blank x vector 7.5 2^62 -3 blob8 blob0 blob3 nan',
    },
  ],
  [
    'dataset_id IN (..., ?) of a search',
    `SELECT doc_id FROM docs WHERE dataset_id IN ('a', ?) AND doc_id MATCH '[1, 0]'`,
    {
      'x x 5': 'text5 5',
      'x 5': 'NULL x vector 7.5 2^62 -3 blob8 blob3 nan',
      VEC_QUERY: 'empty blank blob0',
    },
  ],
  [
    'dataset_id IN (..., ?) of a scan',
    `SELECT doc_id FROM docs WHERE dataset_id IN ('a', ?)`,
    { 'x x 5': 'text5 5', 'x 5': 'NULL empty blank x vector 7.5 2^62 -3 blob8 blob0 blob3 nan' },
  ],
  [
    'MATCH ?',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ?`,
    {
      VEC_QUERY: 'NULL 5 7.5 2^62 -3',
      VEC_EMBEDDING: 'empty blank x text5 blob3 nan',
      'x 5': 'vector blob8',
      VEC_DIMENSION: 'blob0',
    },
  ],
  [
    'MATCH ? in a dataset without rows',
    `SELECT doc_id FROM docs WHERE dataset_id = 'none' AND doc_id MATCH ?`,
    {
      VEC_QUERY: 'NULL 5 7.5 2^62 -3',
      VEC_EMBEDDING: 'empty blank x text5 blob3 nan',
      nothing: 'vector blob8 blob0',
    },
  ],
  [
    'k = ?',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND k = ?`,
    { 'x 5': '5 2^62', VEC_QUERY: 'NULL empty blank x vector text5 7.5 -3 blob8 blob0 blob3 nan' },
  ],
  [
    'LIMIT ?',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' LIMIT ?`,
    {
      'x 5': 'text5 5 2^62 -3',
      SQLITE_MISMATCH: 'NULL empty blank x vector 7.5 blob8 blob0 blob3 nan',
    },
  ],
  [
    'OFFSET ?',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' LIMIT 9 OFFSET ?`,
    {
      nothing: 'text5 5 2^62',
      SQLITE_MISMATCH: 'NULL empty blank x vector 7.5 blob8 blob0 blob3 nan',
      'x 5': '-3',
    },
  ],
  [
    'LIMIT ? of a scan',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' LIMIT ?`,
    {
      'x 5': 'text5 5 2^62 -3',
      SQLITE_MISMATCH: 'NULL empty blank x vector 7.5 blob8 blob0 blob3 nan',
    },
  ],
  [
    'match_score > ?',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND match_score > ?`,
    {
      nothing: 'text5 5 7.5 2^62',
      VEC_QUERY: 'NULL empty blank x vector blob8 blob0 blob3 nan',
      'x 5': '-3',
    },
  ],
  [
    'distance BETWEEN ? AND ...',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND distance BETWEEN ? AND 9`,
    {
      nothing: 'text5 5 7.5 2^62',
      VEC_QUERY: 'NULL empty blank x vector blob8 blob0 blob3 nan',
      'x 5': '-3',
    },
  ],
  [
    'doc_id = ? of a scan',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id = ?`,
    {
      '5': 'text5 5',
      nothing: 'NULL empty blank vector 7.5 2^62 -3 blob8 blob0 blob3 nan',
      x: 'x',
    },
  ],
  [
    'doc_id = ? of a search',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND doc_id = ?`,
    {
      '5': 'text5 5',
      nothing: 'NULL empty blank vector 7.5 2^62 -3 blob8 blob0 blob3 nan',
      x: 'x',
    },
  ],
  [
    'doc_id IN (?, ...) of a search',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND doc_id IN (?, 'x')`,
    { 'x 5': 'text5 5', x: 'NULL empty blank x vector 7.5 2^62 -3 blob8 blob0 blob3 nan' },
  ],
  [
    'MATCH of a joined column',
    `SELECT v.doc_id FROM (SELECT ? AS q) j JOIN docs v ON v.doc_id MATCH j.q WHERE v.dataset_id = 'a' AND v.k = 1`,
    {
      VEC_QUERY: 'NULL 5 7.5 2^62 -3',
      VEC_EMBEDDING: 'empty blank x text5 blob3 nan',
      x: 'vector blob8',
      VEC_DIMENSION: 'blob0',
    },
  ],
  [
    'dataset_id = a joined column',
    `SELECT v.doc_id FROM (SELECT ? AS d) j JOIN docs v ON v.dataset_id = j.d AND v.doc_id MATCH '[1, 0]' AND k = 1`,
    {
      x: 'text5 5',
      VEC_QUERY: 'NULL empty blank blob0',
      nothing: 'x vector 7.5 2^62 -3 blob8 blob3 nan',
    },
  ],
  [
    'doc_id = a joined column',
    `SELECT v.doc_id FROM (SELECT ? AS d) j JOIN docs v ON v.doc_id = j.d WHERE v.dataset_id = 'a'`,
    {
      '5': 'text5 5',
      nothing: 'NULL empty blank vector 7.5 2^62 -3 blob8 blob0 blob3 nan',
      x: 'x',
    },
  ],
  [
    'content = ?',
    `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND content = ?`,
    { nothing: 'NULL empty blank x vector text5 5 7.5 2^62 -3 blob8 blob0 blob3 nan' },
  ],
  [
    'INSERT of dataset_id',
    `INSERT INTO docs(dataset_id, doc_id, embedding) VALUES (?, 'new', '[1, 0]')`,
    {
      '1 changed': 'x vector text5 5 2^62 -3',
      SQLITE_CONSTRAINT: 'NULL',
      VEC_QUERY: 'empty blank 7.5 blob8 blob0 blob3 nan',
    },
  ],
  [
    'INSERT of doc_id',
    `INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', ?, '[1, 0]')`,
    {
      SQLITE_CONSTRAINT: 'NULL x text5 5',
      '1 changed': 'empty blank vector 2^62 -3',
      VEC_QUERY: '7.5 blob8 blob0 blob3 nan',
    },
  ],
  [
    'INSERT of embedding',
    `INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'new', ?)`,
    {
      VEC_EMBEDDING: 'empty blank x text5 5 7.5 2^62 -3 blob0 blob3 nan',
      '1 changed': 'NULL vector blob8',
    },
  ],
  [
    'INSERT of content',
    `INSERT INTO docs(dataset_id, doc_id, content) VALUES ('a', 'new', ?)`,
    { '1 changed': 'NULL empty blank x vector text5 5 7.5 2^62 -3 blob8 blob0 blob3 nan' },
  ],
  [
    'INSERT of a command',
    `INSERT INTO docs(docs) VALUES (?)`,
    {
      VEC_QUERY: 'empty blank x vector text5 5 7.5 2^62 -3 blob8 blob0 blob3 nan',
      SQLITE_CONSTRAINT: 'NULL',
    },
  ],
  [
    'INSERT of a command for a dataset',
    `INSERT INTO docs(docs, dataset_id) VALUES ('optimize', ?)`,
    {
      '1 changed': 'NULL x vector text5 5 2^62 -3',
      VEC_QUERY: 'empty blank 7.5 blob8 blob0 blob3 nan',
    },
  ],
  [
    'INSERT of a rowid',
    `INSERT INTO docs(rowid, dataset_id, doc_id) VALUES (?, 'a', 'new')`,
    {
      '1 changed': 'NULL text5 5 2^62 -3',
      SQLITE_MISMATCH: 'empty blank x vector 7.5 blob8 blob0 blob3 nan',
    },
  ],
  [
    'INSERT of match_score',
    `INSERT INTO docs(dataset_id, doc_id, match_score) VALUES ('a', 'new', ?)`,
    {
      VEC_QUERY: 'empty blank x vector text5 5 7.5 2^62 -3 blob8 blob0 blob3 nan',
      '1 changed': 'NULL',
    },
  ],
  [
    'UPDATE of embedding',
    `UPDATE docs SET embedding = ? WHERE dataset_id = 'a' AND doc_id = 'x'`,
    {
      VEC_EMBEDDING: 'empty blank x text5 5 7.5 2^62 -3 blob0 blob3 nan',
      '1 changed': 'NULL vector blob8',
    },
  ],
  [
    'UPDATE of dataset_id',
    `UPDATE docs SET dataset_id = ? WHERE dataset_id = 'a' AND doc_id = 'x'`,
    {
      SQLITE_CONSTRAINT: 'NULL text5 5',
      VEC_QUERY: 'empty blank 7.5 blob8 blob0 blob3 nan',
      '1 changed': 'x vector 2^62 -3',
    },
  ],
  [
    'UPDATE of doc_id',
    `UPDATE docs SET doc_id = ? WHERE dataset_id = 'a' AND doc_id = 'x'`,
    {
      SQLITE_CONSTRAINT: 'NULL text5 5',
      '1 changed': 'empty blank x vector 2^62 -3',
      VEC_QUERY: '7.5 blob8 blob0 blob3 nan',
    },
  ],
  [
    'UPDATE ... WHERE dataset_id = ?',
    `UPDATE docs SET content = 'z' WHERE dataset_id = ?`,
    {
      '1 changed': 'text5 5',
      VEC_QUERY: 'NULL',
      '0 changed': 'empty blank x vector 7.5 2^62 -3 blob8 blob0 blob3 nan',
    },
  ],
  [
    'UPDATE ... WHERE MATCH ?',
    `UPDATE docs SET content = 'z' WHERE dataset_id = 'a' AND doc_id MATCH ?`,
    {
      VEC_QUERY: 'NULL 5 7.5 2^62 -3',
      VEC_EMBEDDING: 'empty blank x text5 blob3 nan',
      '2 changed': 'vector blob8',
      VEC_DIMENSION: 'blob0',
    },
  ],
  [
    'DELETE ... WHERE dataset_id = ?',
    `DELETE FROM docs WHERE dataset_id = ?`,
    {
      '1 changed': 'text5 5',
      VEC_QUERY: 'NULL',
      '0 changed': 'empty blank x vector 7.5 2^62 -3 blob8 blob0 blob3 nan',
    },
  ],
  [
    'DELETE ... WHERE doc_id = ?',
    `DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = ?`,
    {
      '1 changed': 'x text5 5',
      '0 changed': 'NULL empty blank vector 7.5 2^62 -3 blob8 blob0 blob3 nan',
    },
  ],
  [
    'DELETE ... WHERE k = ?',
    `DELETE FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND k = ?`,
    {
      '2 changed': '5 2^62',
      VEC_QUERY: 'NULL empty blank x vector text5 7.5 -3 blob8 blob0 blob3 nan',
    },
  ],
  [
    'vec_admin MATCH ?',
    `SELECT count(*) FROM vec_admin WHERE op MATCH ?`,
    { VEC_QUERY: 'NULL empty blank x vector text5 5 7.5 2^62 -3 blob8 blob0 blob3 nan' },
  ],
]

const ROWS = `DELETE FROM _vec_docs;
  INSERT INTO _vec_docs(dataset_id, id, embedding, content) VALUES
    ('a', 'x', vec_f32('[1, 0]'), 'c'), ('a', '5', vec_f32('[0, 1]'), 'd'), ('5', 'x', vec_f32('[1, 0]'), NULL)`

for (const [place, sql, outcomes] of PLACES) {
  test(`any value in the place of ${place}`, async () => {
    using db = await open(':memory:')
    db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
    const statement = db.prepare(sql)
    const seen: string[] = []
    for (const [outcome, names] of Object.entries(outcomes)) {
      for (const name of names.split(' ')) {
        seen.push(name)
        db.exec(ROWS)
        const before = db.prepare('SELECT * FROM _vec_docs').all()
        const got = ((): string => {
          try {
            if (!statement.reader) return `${statement.run(VALUES[name]).changes} changed`
            const found = statement.pluck().all(VALUES[name]) as string[]
            return found.length === 0 ? 'nothing' : found.join(' ')
          } catch (error) {
            assert.ok(error instanceof VecError, String(error))
            if (error.code.startsWith('VEC_')) {
              assert.notEqual(error.hint, undefined, `${name}: ${error.message}`)
              assert.doesNotMatch(error.message, /undefined|\[object|,\d+,\d+,/)
            }
            // What fails has changed nothing.
            assert.deepEqual(db.prepare('SELECT * FROM _vec_docs').all(), before)
            return error.code
          }
        })()
        assert.equal(got, outcome, `${name} as ${place}`)
      }
    }
    assert.deepEqual(seen.toSorted(), Object.keys(VALUES).toSorted())
  })
}

test('a NULL that comes from a join says how to leave it out', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id);
    INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1, 0]'), ('q', 'y', '[1, 0]'), ('q', 'z', NULL)`)
  const join = (more: string): unknown =>
    db
      .prepare(
        `SELECT q.id, v.doc_id FROM _vec_docs q JOIN docs v ON v.doc_id MATCH q.embedding
         WHERE q.dataset_id = 'q' ${more} AND v.dataset_id = 'a' AND v.k = 1`,
      )
      .raw()
      .all()
  assert.throws(() => join(''), { code: 'VEC_QUERY', hint: /in a join, .* IS NOT NULL/ })
  assert.deepEqual(join('AND q.embedding IS NOT NULL'), [['y', 'x']])
})
