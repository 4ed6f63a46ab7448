import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { Collection } from '../../src/entries/vecutil.ts'
import { connect, type InsertRow } from '../../src/entries/worker.ts'
import { seeded } from '../freshness/seeded.ts'
import { refusedLater } from '../refusal.ts'
import { seededTest } from '../seed.ts'
import { count, inMemory } from './in-memory.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'connect-'))
})
after(() => rmSync(folder, { recursive: true }))

describe('calls', () => {
  test('values of every type arrive as they were, both ways', async () => {
    await inMemory(async db => {
      const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i)
      const given = [null, 1.5, 7, 2n ** 62n, 'text', bytes, Float32Array.of(1, 2)] as const
      const columns = given.map((_, i) => `?${i + 1} AS c${i}`).join(', ')
      const [, ...expected] = ['', null, 1.5, 7, 2n ** 62n, 'text', bytes]
      const vector = new Uint8Array(Float32Array.of(1, 2).buffer)
      const row = await db.get<unknown[]>(`SELECT ${columns}`, given, { rows: 'arrays' })
      assert.deepEqual(row, [...expected, vector])
      assert.deepEqual(await db.all('SELECT $a AS a, :b AS b', { a: true, b: null }), [
        { a: 1, b: null },
      ])
    })
  })

  test('rows come as objects, arrays or values, call by call', async () => {
    await inMemory(async db => {
      assert.deepEqual(await db.run('INSERT INTO t VALUES (1, 2), (3, 4)'), {
        changes: 2,
        lastInsertRowid: 2,
      })
      const sql = 'SELECT x, y FROM t ORDER BY x'
      for (const [rows, expected] of [
        ['values', [1, 3]],
        ['arrays', [[1, 2], [3, 4]]], // prettier-ignore
        ['objects', [{ x: 1, y: 2 }, { x: 3, y: 4 }]], // prettier-ignore
      ] as const) {
        assert.deepEqual(await db.all(sql, [], { rows }), expected)
        assert.deepEqual(await db.get(sql, [], { rows }), expected[0])
      }
      assert.equal(await db.get('SELECT x FROM t WHERE x = 9'), undefined)
    })
  })

  test('a batch and a transaction write all or nothing', async () => {
    await inMemory(async db => {
      const insert = 'INSERT INTO t VALUES (?, ?)'
      assert.deepEqual(await db.batch(insert, [[1, 1], [2, 2]]), { changes: 2 }) // prettier-ignore
      await refusedLater(db.batch(insert, [[3, 3], [1, 1]]), 'SQLITE_CONSTRAINT') // prettier-ignore
      assert.equal(await count(db), 2)
      const results = await db.transaction([
        [insert, [3, 3]],
        'SELECT max(x) AS m FROM t',
        ['DELETE FROM t WHERE x < $x RETURNING x', { x: 2 }],
      ])
      assert.deepEqual(results, [{ changes: 1, lastInsertRowid: 3 }, [{ m: 3 }], [{ x: 1 }]])
      await refusedLater(db.transaction([[insert, [4, 4]], [insert, [2, 2]]]), 'SQLITE_CONSTRAINT') // prettier-ignore
      assert.equal(await count(db), 2)
    })
  })

  test('calls are answered in their order', async () => {
    await inMemory(async db => {
      const calls = Array.from({ length: 200 }, async (_, i) => {
        await db.run('INSERT INTO t VALUES (?, ?)', [i, i])
        return count(db)
      })
      await Promise.all(calls)
      const order: number[] = []
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => db.get('SELECT 1').then(() => order.push(i))),
      )
      assert.deepEqual(
        order,
        [...order].toSorted((a, b) => a - b),
      )
      assert.equal(await count(db), 200)
    })
  })

  test('what a caller changes after a call does not reach it, and a part of a buffer is sent alone', async () => {
    await inMemory(async db => {
      const large = new Float32Array(1 << 20)
      const part = large.subarray(4, 8)
      part.fill(1)
      const calls = [db.get('SELECT 0'), db.run('INSERT INTO t VALUES (1, ?)', [part])]
      part.fill(2)
      await Promise.all(calls)
      const stored = await db.get<Uint8Array>('SELECT y FROM t', [], { rows: 'values' })
      assert.deepEqual(stored, new Uint8Array(Float32Array.of(1, 1, 1, 1).buffer))
    })
  })

  test('with `transfer` a buffer goes over, and a part of one is copied', async () => {
    await inMemory(async db => {
      const whole = Float32Array.of(1, 2)
      const part = Float32Array.of(3, 4, 5).subarray(1)
      const insert = 'INSERT INTO t VALUES (?, ?)'
      await db.run(insert, [whole, part], { transfer: true })
      assert.equal(whole.length, 0)
      assert.deepEqual([...part], [4, 5])
      assert.deepEqual(await db.get('SELECT length(x) AS x, length(y) AS y FROM t'), { x: 8, y: 8 })
      const kept = Float32Array.of(1)
      await db.run(insert, [1, kept])
      assert.equal(kept.length, 1)
      const bytes = await db.export()
      await db.import(bytes, { transfer: true })
      assert.equal(bytes.length, 0)
      assert.equal(await count(db), 2)
    })
  })

  test('a buffer that two calls transfer reaches the first one, and the next calls go on', async () => {
    await inMemory(async db => {
      const bytes = new Uint8Array(10)
      const sql = 'SELECT length(?) AS n'
      // Both wait behind a call that runs.
      const running = db.get('SELECT 1 AS one')
      const first = db.get(sql, [bytes], { transfer: true })
      const second = refusedLater(
        db.get(sql, [bytes], { transfer: true }),
        'TypeError',
        'transferred',
      )
      const next = db.get(sql, ['abc'])
      assert.deepEqual(await Promise.all([running, first, next]), [{ one: 1 }, { n: 10 }, { n: 3 }])
      await second
      const rows = Array.from({ length: 3000 }, (_, i) => [i, bytes] as const)
      await refusedLater(db.insertMany('t', ['x', 'y'], rows, { transfer: true }), 'TypeError')
      assert.equal(await count(db), 0)
    })
  })

  test('a transaction that a call leaves open is rolled back', async () => {
    await inMemory(async db => {
      const error = await refusedLater(
        db.exec('BEGIN; INSERT INTO t VALUES (1, 1)'),
        'SQLITE_MISUSE',
      )
      assert.match(error.hint!, /transaction\(\[/)
      assert.equal(await count(db), 0)
      await refusedLater(db.exec('BEGIN; nonsense'), 'SQLITE_ERROR', 'nonsense')
      await db.exec('BEGIN; INSERT INTO t VALUES (1, 1); COMMIT')
      assert.equal(await count(db), 1)
    })
  })

  test('the content is exported, and replaced by other bytes in a file that is open', async () => {
    await using db = await connect(join(folder, 'imported.sqlite'))
    await db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t(x)')
    await db.batch('INSERT INTO t VALUES (?)', [[1], [2]])
    const two = await db.export()
    await db.exec('DELETE FROM t')
    await refusedLater(db.import(new Uint8Array(8192)), 'SQLITE_NOTADB')
    await refusedLater(db.import(two.subarray(0, 5000)), 'SQLITE_CORRUPT')
    assert.equal(await count(db), 0)
    await db.import(two)
    assert.equal(await count(db), 2)
    await using copy = await connect(two)
    assert.equal(copy.name, ':memory:')
    assert.equal(await count(copy), 2)
  })
})

function* rowsOf(many: number): Generator<InsertRow> {
  for (let i = 0; i < many; i++) yield [i, Float32Array.of(i, -i)]
}

function* broken(): Generator<InsertRow> {
  yield* rowsOf(5000)
  throw new Error('the source is broken')
}

describe('insertMany', () => {
  for (const many of [0, 1, 2047, 2048, 5000]) {
    test(`${many} rows, from arrays and generators`, async () => {
      await inMemory(async db => {
        const later = async function* (): AsyncGenerator<InsertRow> {
          yield* rowsOf(many)
        }
        for (const rows of [[...rowsOf(many)], rowsOf(many), later()]) {
          await db.exec('DELETE FROM t')
          assert.equal(await db.insertMany('t', ['x', 'y'], rows), many)
          assert.equal(await count(db), many)
        }
        const last = await db.get<Uint8Array>('SELECT y FROM t WHERE x = ?', [many - 1], {
          rows: 'values',
        })
        const expected = new Uint8Array(Float32Array.of(many - 1, -(many - 1)).buffer)
        assert.deepEqual(last, many === 0 ? undefined : expected)
      })
    })
  }

  test('large rows are sent in many parts', async () => {
    await inMemory(async db => {
      const vectors = new Float32Array(3000 * 400).map((_, i) => i)
      const rows = Array.from({ length: 3000 }, (_, i) => [i, vectors.subarray(i * 400, i * 400 + 400)] as const) // prettier-ignore
      assert.equal(await db.insertMany('t', ['x', 'y'], rows), 3000)
      const found = await db.get<Uint8Array>('SELECT y FROM t WHERE x = 2999', [], {
        rows: 'values',
      })
      assert.deepEqual(new Float32Array(found!.slice().buffer), vectors.subarray(2999 * 400))
    })
  })

  test('rows that end in an error leave nothing behind', async () => {
    await inMemory(async db => {
      await assert.rejects(db.insertMany('t', ['x', 'y'], broken()), /the source is broken/)
      await refusedLater(db.insertMany('t', ['x', 'y'], [[1, 1], [1]]), 'RangeError', 'row 2') // prettier-ignore
      await refusedLater(db.insertMany('t', ['x', 'y'], [[1, 1], [1, 1]]), 'SQLITE_CONSTRAINT') // prettier-ignore
      assert.equal(await count(db), 0)
      assert.equal(await db.insertMany('t', ['x', 'y'], [[1, 1], [1, 2]], { conflict: 'replace' }), 2) // prettier-ignore
      const wrong = db.insertMany('t', ['x', 'y'], [[1, (() => 1) as never]])
      await refusedLater(wrong, 'TypeError', 'row 1[1]', 'function')
      await refusedLater(db.insertMany('t', ['x'], 5 as never), 'TypeError', 'iterable')
    })
  })
})

const searchTest = seededTest('COLLECTION_SEED')

describe('search', () => {
  const DIM = 24
  searchTest('finds what a collection finds, with filters, words and pages', async (_t, seed) => {
    const random = seeded(seed)
    const path = join(folder, 'search.sqlite')
    const vector = (): Float32Array => Float32Array.from({ length: DIM }, () => random() - 0.5)
    const words = ['red', 'green', 'blue']
    {
      using db = await open(path)
      db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, text=content)')
      new Collection(db, { table: 'docs', dataset: 'd' }).upsertSync(
        Array.from({ length: 1500 }, (_, i) => ({
          id: `n${i}`,
          vector: vector(),
          content: words[i % 3],
          meta: { n: i },
        })),
      )
    }
    using db = await open(path)
    const sync = new Collection(db, { table: 'docs', dataset: 'd' })
    await using asynchronous = await connect(path)
    for (const query of [
      { vector: vector(), k: 7 },
      { vector: Array.from(vector()), k: 3, filter: { n: { $gte: 700 } } },
      { text: 'green', mode: 'text', k: 4 },
      { vector: vector(), text: 'blue', mode: 'hybrid', k: 5, include: ['content'] },
    ] as const) {
      const found = await asynchronous.search('docs', { dataset: 'd', ...query })
      const expected = sync.querySync(query)
      assert.deepEqual(found.hits, expected.hits)
      assert.ok(found.hits.length > 0)
      if (found.cursor === undefined) continue
      const next = { dataset: 'd', ...query, cursor: found.cursor }
      const page = await asynchronous.search('docs', next)
      assert.deepEqual(page.hits, sync.querySync({ ...query, cursor: expected.cursor }).hits)
    }
    const wrong = asynchronous.search('docs', { dataset: 'd', vector: Float32Array.of(1) })
    await refusedLater(wrong, 'VEC_DIMENSION')
    const unembedded = asynchronous.search('docs', { dataset: 'd', text: 'red' })
    await refusedLater(unembedded, 'TypeError', 'vector')
    const rerank = { dataset: 'd', vector: vector(), rerank: () => [] }
    await refusedLater(asynchronous.search('docs', rerank), 'TypeError', 'query.rerank')
    await refusedLater(asynchronous.search('none', { dataset: 'd', vector: [1] }), 'VEC_SHADOW')
    const nameless = { vector: [1] } as never
    await refusedLater(asynchronous.search('docs', nameless), 'TypeError', 'query.dataset')
  })
})
