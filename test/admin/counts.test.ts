import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { admin } from './scene.ts'

// What check and stats say can be found is what a search for everything finds.

const ROWS: readonly (readonly [id: string | number | Uint8Array, embedding: string | null])[] = [
  ['plain', "vec_f32('[1, 2]')"],
  ['same', "vec_f32('[1, 2]')"],
  ['zero', "vec_f32('[0, 0]')"],
  ['minus zero', "vec_f32('[0, -0.0]')"],
  ['tiny', "vec_f32('[1e-45, 0]')"],
  ['opposite', "vec_f32('[-1, -2]')"],
  ['none', null],
  ['empty', "x''"],
  ['odd', "x'000000'"],
  ['other', "vec_f32('[1, 2, 3]')"],
  ['nan', "x'0000c07f00000000'"],
  ['infinite', "x'0000807f00000000'"],
  ['text', "'abcdefgh'"],
  ['number', '12345678'],
  [7, "vec_f32('[3, 4]')"],
  [new Uint8Array([65]), "vec_f32('[3, 4]')"],
  ['', "vec_f32('[3, 4]')"],
]

for (const metric of ['cosine', 'euclidean', 'dot', 'manhattan'] as const) {
  for (const index of ['brute', 'cover', 'auto'] as const) {
    if (metric === 'dot' && index === 'cover') continue
    for (const many of [false, true]) {
      test(`check and stats count what is found: ${metric}, ${index}, ${many ? 'many rows' : 'few rows'}`, async () => {
        using db = await filled(metric, index, many)
        const found = db
          .prepare(`SELECT count(*) FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]'`)
          .pluck()
        const expected = found.get() as number
        const op = (word: string, topic: string): string =>
          String(admin(db, `${word}:docs:a`).find(row => row.topic === topic)?.op)
        assert.match(op('check', 'rows'), new RegExp(`^${expected} rows can be found`))
        const [, rows, unfound = '0'] = /^rows: (\d+)(?:, (\d+) of them)?/.exec(
          op('stats', 'rows'),
        )!
        assert.equal(Number(rows) - Number(unfound), expected)
        assert.equal(Number(unfound), metric === 'cosine' ? 2 : 0)
        // Looking at it changes nothing.
        assert.equal(found.get(), expected)
      })
    }
  }
}

async function filled(metric: string, index: string, many: boolean): Promise<Connection> {
  const db = await open(':memory:')
  db.exec(`CREATE TABLE _vec_docs(dataset_id TEXT, id, content TEXT, meta TEXT, embedding BLOB, archived INTEGER DEFAULT 0, UNIQUE (dataset_id, id));
    CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=${metric}, index=${index})`)
  for (const [id, embedding] of ROWS) {
    db.prepare(
      `INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', ?, ${embedding ?? 'NULL'})`,
    ).run(id)
  }
  db.exec(
    `INSERT INTO _vec_docs(dataset_id, id, embedding, archived) VALUES ('a', 'hidden', vec_f32('[1, 1]'), 1)`,
  )
  if (!many) return db
  const put = db.prepare(`INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', ?, ?)`)
  db.transaction(() => {
    // More floats than an index keeps.
    for (let n = 0; n < 140_000; n++) put.run(`r${n}`, Float32Array.of(Math.cos(n), Math.sin(n)))
  })()
  return db
}

test('meta that is not JSON is a warning among JSON, with the rows as remedy; alone it is a choice', async () => {
  using db = await open(':memory:')
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id);
    INSERT INTO docs(dataset_id, doc_id, embedding, meta) VALUES
      ('mixed', 'json', '[1, 0]', '{"lang": "en"}'), ('mixed', 'json5', '[1, 0]', '{lang: "en"}'),
      ('mixed', 'words', '[1, 0]', 'plain words'), ('mixed', 'empty', '[1, 0]', ''), ('mixed', 'none', '[1, 0]', NULL),
      ('words', 'x', '[1, 0]', 'plain words'), ('json', 'x', '[1, 0]', '{}')`)
  const meta = (dataset: string): unknown[] =>
    admin(db, `check:docs:${dataset}`).filter(row => row.topic === 'meta')
  const [finding] = meta('mixed') as { op: string; severity: string; remedy: string }[]
  assert.equal(finding.severity, 'warning')
  assert.match(finding.op, /^2 rows\b.*\bmeta\b/)
  const listed = db.prepare(`${finding.remedy} ORDER BY id`).pluck()
  assert.deepEqual(listed.all(), ['empty', 'words'])
  assert.equal((meta('words')[0] as { severity: string }).severity, 'info')
  assert.deepEqual(meta('json'), [])
  // The filter that the finding names passes the rows over.
  const filter = (condition: string): unknown[] =>
    db.prepare(`SELECT id FROM _vec_docs WHERE dataset_id = 'mixed' AND ${condition}`).pluck().all()
  assert.throws(() => filter(`json_extract(meta, '$.lang') = 'en'`), /malformed JSON/)
  assert.deepEqual(
    filter(`CASE WHEN json_valid(meta, 6) THEN json_extract(meta, '$.lang') END = 'en'`),
    ['json', 'json5'],
  )
})
