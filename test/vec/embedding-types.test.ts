import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe } from 'node:test'
import { test as plain } from 'node:test'
import {
  encodeEmbedding,
  insertMany,
  open,
  type Connection,
  type Metric,
} from '../../src/entries/main.ts'
import { describeTable } from '../../src/entries/vec.ts'
import { embeddingToJson } from '../../src/entries/vector.ts'
import { wrong } from '../freshness/oracle.ts'
import { refused } from '../refusal.ts'
import { seededTest } from '../seed.ts'
import { Random } from './random.ts'
import { storedBytes, storedNumbers } from './stored-numbers.ts'

const seeded = seededTest('VEC_SEED')
const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-types-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const TYPES = [
  { argument: 'type=f16', declared: 'VEC_F16_BLOB', bytes: 2 },
  { argument: 'type=int8, int8_range=2', declared: 'VEC_I8_BLOB(2)', bytes: 1 },
] as const

type Type = (typeof TYPES)[number]

const METRICS: readonly Metric[] = ['cosine', 'euclidean', 'dot', 'manhattan']
const INSERT = 'INSERT INTO docs(dataset_id, doc_id, embedding) VALUES (?, ?, ?)'

async function table(options: string, path = ':memory:'): Promise<Connection> {
  const db = await open(path)
  db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, ${options})`)
  return db
}

function value(db: Connection, sql: string, ...parameters: (string | Uint8Array)[]): unknown {
  using select = db.prepare(sql).pluck()
  return select.get(...parameters)
}

function findings(db: Connection): Record<string, string> {
  using select = db.prepare(
    `SELECT topic, op FROM vec_admin WHERE op MATCH 'check:docs:a' AND severity = 'error'`,
  )
  return Object.fromEntries(select.raw().all() as [string, string][])
}

for (const type of TYPES) {
  describe(type.argument, () => {
    for (const [stream, metric] of METRICS.entries()) {
      for (const [dim, rows, index] of [
        [5, 300, 'auto'],
        ...(stream < 1 ? ([[128, 4300, 'auto']] as const) : []),
        [3, 900, metric === 'dot' ? 'brute' : 'cover'],
      ] as const) {
        seeded(
          `${rows} rows of ${dim} numbers agree with brute force: ${metric}, ${index}`,
          async () => {
            const r = new Random(80 + stream)
            const path = join(folder, `${type.bytes}-${metric}-${dim}.sqlite`)
            const vectors = Array.from({ length: rows }, () => r.vector(dim))
            const ask = (db: Connection): void => {
              const query = r.vector(dim)
              const question = { table: 'docs', dataset: 'a', query, metric }
              assert.equal(wrong(db, question, [1, 10, rows < 1000 ? undefined : 50]), undefined)
            }
            {
              using db = await table(`metric=${metric}, index=${index}, ${type.argument}`, path)
              db.transaction(() => {
                using insert = db.prepare(INSERT)
                for (const [i, vector] of vectors.entries()) insert.run('a', `d${i}`, vector)
              })()
              for (let n = 0; n < 2; n++) ask(db)
              db.exec(
                `UPDATE docs SET embedding = '${embeddingToJson(r.vector(dim))}' WHERE dataset_id = 'a' AND doc_id = 'd1'`,
              )
              db.exec(`DELETE FROM docs WHERE dataset_id = 'a' AND doc_id = 'd7'`)
              db.exec(`UPDATE docs SET content = 'x' WHERE dataset_id = 'a' AND doc_id = 'd9'`)
              for (let n = 0; n < 2; n++) ask(db)
              assert.deepEqual(findings(db), {})
            }
            // The saved index, and then an index of the rows.
            for (const first of [
              '',
              'DELETE FROM vector_storage_chunks; DELETE FROM vector_storage',
            ]) {
              using db = await open(path)
              db.exec(first)
              ask(db)
            }
          },
        )
      }
    }

    seeded(
      'SELECT embedding gives the stored numbers as float32, which are stored again unchanged',
      async () => {
        const r = new Random(90)
        using db = await table(type.argument)
        const given = r.vector(9)
        db.prepare(INSERT).run('a', 'x', given)
        const stored = value(db, 'SELECT embedding FROM _vec_docs') as Uint8Array
        assert.equal(stored.length, 9 * type.bytes)
        assert.deepEqual(stored, storedBytes(type.declared, given))
        const numbers = storedNumbers(type.declared, stored)!
        const shown = value(
          db,
          'SELECT embedding FROM docs WHERE dataset_id = ?',
          'a',
        ) as Uint8Array
        assert.deepEqual(shown, encodeEmbedding(numbers))
        assert.equal(
          value(db, "SELECT vec_to_json(embedding) FROM docs WHERE dataset_id = 'a'"),
          embeddingToJson(numbers),
        )
        db.exec(`UPDATE docs SET embedding = embedding WHERE dataset_id = 'a';
               INSERT INTO docs(dataset_id, doc_id, embedding) SELECT 'b', doc_id, embedding FROM docs WHERE dataset_id = 'a'`)
        const select = db.prepare('SELECT embedding FROM _vec_docs').pluck()
        assert.deepEqual(select.all(), [stored, stored])
        const score = value(
          db,
          `SELECT match_score FROM docs WHERE dataset_id = 'a'
         AND doc_id MATCH (SELECT embedding FROM docs WHERE dataset_id = 'b') LIMIT 1`,
        ) as number
        assert.ok(Math.abs(score - 1) < 1e-15)
      },
    )

    plain('a vector may come as BLOB, as text, and marked by a vector function', async () => {
      using db = await table(`metric=dot, ${type.argument}`)
      for (const [i, expression] of [
        `x'${Buffer.from(encodeEmbedding([1, -0.5])).toString('hex')}'`,
        `'[1, -0.5]'`,
        `'1, -0.5'`,
        `vec_f32('[1, -0.5]')`,
        `vec_f16('[1, -0.5]')`,
        `vec_f16(x'003c00b8')`,
      ].entries()) {
        db.exec(
          `INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'd${i}', ${expression})`,
        )
        db.exec(
          `INSERT INTO docs(dataset_id, doc_id, embedding) SELECT 'b', 'd${i}', ${expression}`,
        )
      }
      const rows = db.prepare('SELECT DISTINCT hex(embedding) FROM _vec_docs').pluck().all()
      assert.deepEqual(rows, [
        Buffer.from(storedBytes(type.declared, Float32Array.of(1, -0.5)))
          .toString('hex')
          .toUpperCase(),
      ])
      db.exec(
        `INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('c', 'd', vec_int8('[1, -2]'))`,
      )
      assert.equal(
        value(db, "SELECT vec_to_json(embedding) FROM docs WHERE dataset_id = 'c'"),
        storedJson(type, [1, -2]),
      )
      for (const query of [`vec_f16('[1, -2]')`, `vec_int8('[1, -2]')`, `'[1, -2]'`]) {
        const found = value(
          db,
          `SELECT match_score FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ${query} LIMIT 1`,
        )
        assert.ok(Math.abs((found as number) - 2) < 0.02, query)
      }
    })

    plain('what cannot be stored is refused, and nothing is written', async () => {
      using db = await table(type.argument)
      const write = (embedding: string): void => {
        db.exec(`INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'd', ${embedding})`)
      }
      refused(() => write(`'[0, 70000]'`), 'VEC_EMBEDDING', 1, 70000, "'d'", "'a'")
      refused(() => write(`'[1e-20]'`), 'VEC_EMBEDDING', 0, "'d'")
      refused(() => write(`x'0102'`), 'VEC_EMBEDDING', 2)
      refused(() => write(`vec_bit(x'0f')`), 'VEC_EMBEDDING', 'bit')
      refused(() => write(`'[]'`), 'VEC_EMBEDDING')
      write(`'[1, 1]'`)
      refused(
        () => db.exec(`UPDATE docs SET embedding = '[0, -70000]' WHERE dataset_id = 'a'`),
        'VEC_EMBEDDING',
        -70000,
      )
      refused(
        () =>
          db.exec(`INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'e', '[1, 1, 1]')`),
        'VEC_DIMENSION',
        3,
        2,
      )
      assert.equal(value(db, 'SELECT count(*) FROM _vec_docs'), 1)
    })

    plain('rows with other bytes are found by the check, and by no search', async () => {
      using db = await table(type.argument)
      const insert = db.prepare('INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)')
      insert.run('a', 'right', storedBytes(type.declared, Float32Array.of(1, 0.5)))
      insert.run('a', 'long', new Uint8Array(5 * type.bytes))
      insert.run('a', 'text', 'abcd'.slice(0, 2 * type.bytes))
      insert.run('a', 'number', 7)
      if (type.bytes === 2) {
        insert.run('a', 'odd', new Uint8Array(3))
        insert.run('a', 'infinite', Uint8Array.of(0, 0, 0, 0x7c))
      }
      for (let n = 0; n < 2; n++) {
        const ids = db
          .prepare("SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]'")
          .pluck()
          .all()
        assert.deepEqual(ids, ['right'])
      }
      const topics = findings(db)
      assert.match(
        topics['length'],
        new RegExp(type.bytes === 2 ? '3 rows .* float16' : '2 rows .* int8'),
      )
      assert.match(topics['dimension'], /long/)
      if (type.bytes === 2) assert.match(topics['not-finite'], /infinite/)
      for (const fix of db
        .prepare(
          "SELECT remedy FROM vec_admin WHERE op MATCH 'check:docs:a' AND severity = 'error'",
        )
        .pluck()
        .all()) {
        assert.ok(db.prepare(String(fix)).all().length > 0)
      }
      using scan = db
        .prepare("SELECT embedding FROM docs WHERE dataset_id = 'a' AND doc_id = ?")
        .pluck()
      assert.equal(scan.get('number'), 7)
      if (type.bytes === 2) assert.deepEqual(scan.get('odd'), new Uint8Array(3))
    })

    plain('a file takes its share of the one with float32', async () => {
      const size = async (options: string): Promise<number> => {
        const path = join(folder, `size-${type.bytes}-${options === '' ? 'f32' : 'own'}.sqlite`)
        using db = await table(`metric=cosine${options}`, path)
        const dim = 768
        const rows = Array.from(Array(4000).keys(), n => {
          const vector = Float32Array.from({ length: dim }, (_, i) => Math.sin(n * 7 + i * i))
          const declared = options === '' ? 'BLOB' : type.declared
          return ['a', `document-${n}`, storedBytes(declared, vector)]
        })
        insertMany(db, '_vec_docs', ['dataset_id', 'id', 'embedding'], rows)
        return statSync(path).size
      }
      const share = (await size(`, ${type.argument}`)) / (await size(''))
      assert.ok(share <= (type.bytes === 2 ? 0.55 : 0.3), String(share))
    })

    plain('what the original reads is not written', async () => {
      using db = await table(type.argument)
      db.prepare(INSERT).run('a', 'x', '[1, 1]')
      refused(
        () => value(db, "SELECT op FROM vec_admin WHERE op MATCH 'export:brute:docs:a'"),
        'VEC_STORAGE',
        'float32',
      )
    })

    plain('a table keeps its type with another name and another column', async () => {
      const path = join(folder, `kept-${type.bytes}.sqlite`)
      {
        using db = await table(type.argument, path)
        db.prepare(INSERT).run('a', 'x', '[1, 0.5]')
        db.exec(`INSERT INTO docs(docs) VALUES ('add column lang TEXT')`)
        db.exec('ALTER TABLE docs RENAME TO pages; VACUUM')
      }
      using db = await open(path)
      db.exec(
        `INSERT INTO pages(dataset_id, doc_id, embedding, lang) VALUES ('a', 'y', '[1, 0.5]', 'de')`,
      )
      const hits = db
        .prepare(
          `SELECT doc_id FROM pages WHERE dataset_id = 'a' AND doc_id MATCH '[1, 0]' AND lang = 'de'`,
        )
        .pluck()
      assert.deepEqual(hits.all(), ['y'])
      assert.equal(value(db, 'SELECT count(DISTINCT embedding) FROM _vec_pages'), 1)
    })
  })
}

function storedJson({ declared }: Type, numbers: readonly number[]): string {
  const bytes = storedBytes(declared, Float32Array.from(numbers))
  return embeddingToJson(storedNumbers(declared, bytes)!)
}

plain('a table of float32 takes marked vectors as their numbers', async () => {
  using db = await table('metric=dot')
  db.exec(`INSERT INTO docs(dataset_id, doc_id, embedding) VALUES
    ('a', 'x', vec_int8('[1, -2, 3, 4]')), ('a', 'y', vec_f16('[0.1, 2, 3, 4]'))`)
  const json = db
    .prepare("SELECT vec_to_json(embedding) FROM docs WHERE dataset_id = 'a' ORDER BY doc_id")
    .pluck()
  assert.deepEqual(json.all(), ['[1,-2,3,4]', '[0.099975586,2,3,4]'])
  refused(
    () =>
      db.exec(
        `INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'z', vec_bit(x'01020304'))`,
      ),
    'VEC_EMBEDDING',
    'bit',
  )
  refused(
    () =>
      value(
        db,
        `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH vec_bit(x'01020304')`,
      ),
    'VEC_EMBEDDING',
    'bit',
  )
})

plain('vec_f16 rounds text and vectors, and reads the bytes of float16', async () => {
  using db = await open(':memory:')
  const hex = (sql: string): unknown => value(db, `SELECT hex(${sql})`)
  assert.equal(hex(`vec_f16('[1, -0.5]')`), '003C00B8')
  assert.equal(hex(`vec_f16(vec_f32('[1, -0.5]'))`), '003C00B8')
  assert.equal(hex(`vec_f16(vec_int8('[1, -2]'))`), '003C00C0')
  assert.equal(hex(`vec_f16(x'003c00b8')`), '003C00B8')
  assert.equal(hex(`vec_f32(x'0000803f')`), '0000803F')
  assert.equal(value(db, `SELECT vec_type(vec_f16('[1]'))`), 'float16')
  assert.equal(value(db, `SELECT vec_length(vec_f16('[1, 2, 3]'))`), 3)
  assert.equal(value(db, `SELECT vec_json(vec_f16('[0.1]'))`), '[0.099975586]')
  assert.equal(value(db, `SELECT vec_distance_l2(vec_f16('[1, 2]'), vec_f32('[1, 4]'))`), 2)
  for (const sql of [
    `vec_f16('[65520]')`,
    `vec_f16(x'00')`,
    `vec_f16(x'')`,
    'vec_f16(NULL)',
    'vec_f16(1)',
    `vec_f16(vec_bit(x'0f'))`,
    `vec_f16('x')`,
  ]) {
    refused(() => hex(sql), 'VEC_EMBEDDING')
  }
})

plain('a type that a table cannot have is refused', async () => {
  using db = await open(':memory:')
  const create = (options: string) => (): void => {
    db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, ${options})`)
  }
  refused(create('type=f64'), 'VEC_OPTION', 'f64', 'f16', 'int8')
  refused(create('type='), 'VEC_OPTION', 'f16')
  refused(create('int8_range=2'), 'VEC_OPTION', 'int8')
  refused(create('type=f16, int8_range=2'), 'VEC_OPTION', 'f16')
  for (const range of ['0', '-1', 'x', '', '1e39', 'Infinity']) {
    refused(create(`type=int8, int8_range=${range}`), 'VEC_OPTION', 'int8_range')
  }
  db.exec(
    'CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, embedding BLOB, PRIMARY KEY (dataset_id, id))',
  )
  refused(create('type=f16'), 'VEC_OPTION', 'BLOB', 'VEC_F16_BLOB')
  db.exec(
    'CREATE VIRTUAL TABLE docs USING vec(doc_id, type=f32); DROP TABLE docs; DROP TABLE _vec_docs',
  )
  create('type=f16')()
  db.exec('DROP TABLE docs')
  refused(create('type=f32'), 'VEC_OPTION', 'type=f16')
  refused(create('type=int8'), 'VEC_OPTION', 'type=f16')
  create('type=F16')()
  db.exec('DROP TABLE docs; DROP TABLE _vec_docs')
  db.exec(
    'CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, embedding VEC_F8_BLOB, PRIMARY KEY (dataset_id, id))',
  )
  refused(create('metric=dot'), 'VEC_SHADOW', 'VEC_F8_BLOB')
})

plain('the check tells of a declaration that the table of documents contradicts', async () => {
  using db = await table('type=f16')
  db.exec(`INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1, 2]');
           DROP TABLE _vec_docs;
           CREATE TABLE _vec_docs(dataset_id TEXT, id TEXT, embedding VEC_I8_BLOB(2), PRIMARY KEY (dataset_id, id));
           INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('a', 'x', '[1, 2]')`)
  assert.equal(value(db, 'SELECT hex(embedding) FROM _vec_docs'), '407F')
  assert.equal(
    value(db, `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH '[1, 2]'`),
    'x',
  )
  const said = value(
    db,
    `SELECT op FROM vec_admin WHERE op MATCH 'check:docs:a' AND topic = 'shadow-table'`,
  )
  assert.match(String(said), /type=f16.*VEC_I8_BLOB\(2\)/)
  const { type, int8Range } = describeTable(db, 'docs')
  assert.deepEqual({ type, int8Range }, { type: 'f16', int8Range: undefined })
})
