import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeEmbedding } from '../../src/entries/main.ts'
import {
  admin,
  assertExact,
  complaints,
  elsewhere,
  filled,
  newPath,
  SMALL,
  topics,
  type Row,
} from './scene.ts'

const four = Buffer.from(encodeEmbedding(Float32Array.of(1, 2, 3, 4))).toString('hex')

/** Damage done by another program, what a check says of it, and what the remedy lists. */
const cases: readonly {
  readonly name: string
  readonly sql: string
  readonly finding: Pick<Row, 'severity' | 'topic'> & { readonly op: RegExp }
  readonly remedy: unknown[] | undefined
}[] = [
  {
    name: 'another dimension',
    sql: `INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'short', zeroblob(8)), ('a', 'long', zeroblob(20))`,
    finding: {
      severity: 'error',
      topic: 'dimension',
      op: /^2 rows .*\b4\b.*'short', 'long'/,
    },
    remedy: [
      ['long', 5],
      ['short', 2],
    ],
  },
  {
    name: 'a length that is no vector',
    sql: `INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'odd', zeroblob(7)), ('a', 'number', 5)`,
    finding: {
      severity: 'error',
      topic: 'length',
      op: /^2 rows\b.*\bembedding\b/,
    },
    remedy: [['number'], ['odd']],
  },
  {
    name: 'text for an embedding',
    sql: `INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'json', '[1, 2, 3, 4.125]')`,
    finding: { severity: 'warning', topic: 'text', op: /^1 row\b.*\btext\b/ },
    remedy: [['json', '[1, 2, 3, 4.125]']],
  },
  {
    name: 'NaN and infinity',
    sql: `INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES
      ('a', 'it''s NaN', x'0000c07f000000000000000000000000'), ('a', 'infinite', x'0000807f000000000000000000000000')`,
    finding: {
      severity: 'error',
      topic: 'not-finite',
      op: /^2 rows\b.*'it's NaN', 'infinite'/,
    },
    remedy: [['infinite'], ["it's NaN"]],
  },
  {
    name: 'an id that is no text',
    sql: `INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', x'00ff', x'${four}')`,
    finding: { severity: 'error', topic: 'ids', op: /^1 row\b.*\bid\b/ },
    remedy: [[new Uint8Array([0, 255])]],
  },
  {
    name: 'two models',
    sql: `UPDATE _vec_docs SET embedding_model = 'small' WHERE dataset_id = 'a';
      UPDATE _vec_docs SET embedding_model = 'big' WHERE dataset_id = 'a' AND id = 'doc 1'`,
    finding: {
      severity: 'warning',
      topic: 'models',
      op: /\b2 models\b.*'small' \(29 rows\), 'big' \(1 row\)/,
    },
    remedy: [
      ['big', 1],
      ['small', 29],
    ],
  },
  {
    name: 'no embedding',
    sql: `INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'none', NULL), ('a', 'empty', x'')`,
    finding: { severity: 'info', topic: 'unembedded', op: /^2 rows\b.*\bembedding\b/ },
    remedy: undefined,
  },
  {
    name: 'archived',
    sql: `UPDATE _vec_docs SET archived = 1 WHERE dataset_id = 'a' AND id LIKE 'doc 1_'`,
    finding: { severity: 'info', topic: 'archived', op: /^10 rows\b.*\barchived = 1\b/ },
    remedy: undefined,
  },
]

for (const { name, sql, finding, remedy } of cases) {
  test(`a check tells rows with ${name}, and the remedy lists them`, async () => {
    const path = newPath()
    const db = await filled(path)
    assert.deepEqual(
      admin(db, 'check:docs:a').filter(row => row.topic === finding.topic),
      [],
    )
    elsewhere(path, sql)
    const [found, ...others] = admin(db, 'check:docs:a').filter(row => row.topic === finding.topic)
    assert.deepEqual(others, [])
    assert.equal(found.severity, finding.severity)
    assert.equal(found.dataset_id, 'a')
    assert.match(found.op, finding.op)
    if (remedy === undefined) assert.equal(found.remedy, null)
    else
      assert.deepEqual(db.prepare(`SELECT * FROM (${found.remedy}) ORDER BY 1`).raw().all(), remedy)
    // A repair cannot mend it, and says so; the other rows are found as before.
    const after = admin(db, 'repair:docs:a')
    assert.deepEqual(
      complaints(after).map(row => row.op),
      complaints([found]).map(row => row.op),
    )
    assertExact(db, 'a', SMALL.dim)
    db.close()
  })
}

test('what is left out for one reason is not left out for another: all at once', async () => {
  const path = newPath()
  const db = await filled(path)
  elsewhere(path, cases.map(({ sql }) => sql).join(';'))
  const found = admin(db, 'check:docs:')
  assert.deepEqual(
    topics(found.filter(row => row.dataset_id === 'a')).filter(
      topic => !/index|storage|size/.test(topic),
    ),
    [
      'error dimension',
      'error length',
      'warning text',
      'error not-finite',
      'error ids',
      'warning models',
      'info unembedded',
      'info archived',
      'info rows',
    ],
  )
  assert.match(found.find(row => row.topic === 'rows' && row.dataset_id === 'a')!.op, /^21 rows/)
  db.close()
})

test('many bad rows are counted, and the first ones named', async () => {
  const path = newPath()
  const db = await filled(path)
  elsewhere(
    path,
    `WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 149)
     INSERT INTO _vec_docs(dataset_id, id, embedding) SELECT 'a', 'nan ' || i, x'0000c07f000000000000000000000000' FROM n`,
  )
  const found = admin(db, 'check:docs:a').find(row => row.topic === 'not-finite')!
  assert.match(
    found.op,
    /^50 rows have NaN .*'nan 100', 'nan 101', 'nan 102' and 47 more\): embed the first 20 again$/,
  )
  assert.equal(db.prepare(found.remedy!).all().length, 20)
  db.close()
})

test('rows whose dataset no query can name are told', async () => {
  const path = newPath()
  const db = await filled(path)
  elsewhere(
    path,
    `INSERT INTO _vec_docs(dataset_id, id) VALUES (x'61', 'blob'), ('', 'empty'), (' ', 'blank')`,
  )
  const found = admin(db, 'check:docs:').find(row => row.topic === 'dataset-ids')!
  assert.equal(found.severity, 'error')
  assert.equal(found.dataset_id, null)
  assert.equal(db.prepare(found.remedy!).all().length, 3)
  db.close()
})

test('rows that are shown although archived are checked like the others', async () => {
  const path = newPath()
  const db = await filled(path)
  db.exec(`CREATE VIRTUAL TABLE pages USING vec(id, include_archived=1);
    INSERT INTO _vec_pages(dataset_id, id, embedding, archived) VALUES ('a', 'x', vec_f32('[1, 2]'), 0), ('a', 'y', vec_f32('[1]'), 1)`)
  assert.deepEqual(topics(complaints(admin(db, 'check:pages:a'))), ['error dimension'])
  assert.equal(
    admin(db, 'check:pages:a').some(row => row.topic === 'archived'),
    false,
  )
  db.close()
})
