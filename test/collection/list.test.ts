import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection, VecError } from '../../src/entries/main.ts'
import { Collection, type ListOptions } from '../../src/entries/vecutil.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'
import { lettersCollection } from './letters.ts'

interface Meta {
  key?: unknown
  n: number
}

/** Values of every type that JSON has, in SQL's order of them: equal ones are one entry. */
const KEYS: readonly (readonly unknown[])[] = [
  [undefined, null],
  [false, 0],
  [true, 1],
  [1.5],
  [2],
  [9007199254740992],
  [9007199254740993n],
  [1e300],
  [''],
  ['1'],
  ['B'],
  ['a'],
  ['ä'],
]

/** What the collection must hold. */
interface Document {
  readonly id: string
  readonly meta: Meta
  /** The place of its key in KEYS. */
  readonly place: number
}

const byteOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

const ORDERS = [
  { by: 'id', direction: 'asc' },
  { by: 'id', direction: 'desc' },
  { by: 'meta.key', direction: 'asc' },
  { by: 'meta.key', direction: 'desc' },
] as const

class Model {
  readonly documents = new Map<string, Document>()
  readonly docs: Collection<Meta>
  readonly #next: () => number

  constructor(db: Connection, next: () => number) {
    this.docs = new Collection(db, { table: 'docs', dataset: 'd' })
    this.#next = next
  }

  below(n: number): number {
    return Math.floor(this.#next() * n)
  }

  write(): void {
    const id = `${'xyZä'[this.below(4)]}${this.below(12)}`
    if (this.below(4) === 0) {
      const there = this.documents.delete(id)
      assert.equal(this.docs.delete({ ids: [id] }), there ? 1 : 0)
      return
    }
    const place = this.below(KEYS.length)
    const meta = { key: KEYS[place][this.below(KEYS[place].length)], n: this.below(4) }
    this.docs.upsertSync([{ id, vector: [1], meta }])
    this.documents.set(id, { id, meta, place })
  }

  /** All that pass, in an order. */
  sorted({ by, direction }: (typeof ORDERS)[number], n: number | undefined): Document[] {
    const sign = direction === 'asc' ? 1 : -1
    return [...this.documents.values()]
      .filter(({ meta }) => n === undefined || meta.n === n)
      .toSorted((a, b) =>
        by === 'id'
          ? sign * byteOrder(a.id, b.id)
          : sign * (a.place - b.place) || byteOrder(a.id, b.id),
      )
  }
}

const listTest = seededTest('COLLECTION_SEED')

listTest('a page is what sorting everything gives', async (_, seed) => {
  const { db } = await lettersCollection()
  const model = new Model(db, seeded(seed))
  for (let step = 0; step < 300; step++) {
    model.write()
    const order = ORDERS[model.below(4)]
    const n = model.below(2) === 0 ? model.below(4) : undefined
    const limit = 1 + model.below(20)
    const expected = model.sorted(order, n)
    const { documents, cursor } = model.docs.list({
      order,
      limit,
      ...(n === undefined ? {} : { filter: { n } }),
    })
    assert.deepEqual(
      documents.map(({ id }) => id),
      expected.slice(0, limit).map(({ id }) => id),
    )
    assert.equal(cursor !== undefined, expected.length > limit)
  }
})

listTest('pages under random writes: what stays is given once, in order', async (_, seed) => {
  const { db } = await lettersCollection()
  const model = new Model(db, seeded(seed))
  for (let round = 0; round < 60; round++) {
    for (let i = 0; i < 30; i++) model.write()
    const order = ORDERS[round % 4]
    const before = model.sorted(order, undefined)
    const given: string[] = []
    const moved = new Set<string>()
    let options: ListOptions<Meta> = { order }
    for (;;) {
      const page = model.docs.list({ ...options, limit: 1 + model.below(6) })
      // The page itself is that part of the present order which comes behind the cursor.
      const ids = page.documents.map(({ id }) => id)
      const present = model.sorted(order, undefined).map(({ id }) => id)
      const at = present.indexOf(ids[0])
      assert.deepEqual(ids, ids.length === 0 ? [] : present.slice(at, at + ids.length))
      given.push(...ids)
      if (page.cursor === undefined) break
      options = { order, cursor: page.cursor }
      for (let i = model.below(4); i > 0; i--) {
        const untouched = new Map(model.documents)
        model.write()
        for (const [id, document] of untouched) {
          if (model.documents.get(id) !== document) moved.add(id)
        }
        for (const id of model.documents.keys()) if (!untouched.has(id)) moved.add(id)
      }
    }
    const still = before.map(({ id }) => id).filter(id => !moved.has(id))
    assert.deepEqual(
      given.filter(id => !moved.has(id)),
      still,
    )
  }
})

test('a page is of 100 documents, and says when there are no more', async () => {
  const { docs } = await lettersCollection()
  docs.upsertSync(
    Array.from({ length: 101 }, (_, n) => ({ id: String(n).padStart(3, '0'), vector: [n] })),
  )
  const first = docs.list()
  assert.equal(first.documents.length, 100)
  const second = docs.list({ cursor: first.cursor!, include: [] })
  assert.deepEqual(second, { documents: [{ id: '100' }] })
})

test('documents are ordered by a declared column, whatever its type', async () => {
  const { db, docs } = await lettersCollection('doc_id, year INTEGER')
  db.exec(`INSERT INTO docs(dataset_id, doc_id, year) VALUES
    ('d', 'a', 2020), ('d', 'b', NULL), ('d', 'c', 1999), ('d', 'e', 'text'), ('d', 'f', x'00')`)
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = docs.list({ order: 'year', limit: 1, ...(cursor === undefined ? {} : { cursor }) })
    ids.push(...page.documents.map(({ id }) => id))
    ;({ cursor } = page)
  } while (cursor !== undefined)
  assert.deepEqual(ids, ['b', 'c', 'a', 'e', 'f'])
})

test('a cursor with any changed letter is refused, or says the same', async () => {
  const { db, docs } = await lettersCollection('doc_id, year INTEGER')
  db.exec(
    `INSERT INTO docs(dataset_id, doc_id, year) VALUES ('d', 'a', 2020), ('d', 'b', 1999), ('d', 'c', 1999)`,
  )
  const listed = (cursor: string): unknown => docs.list({ order: 'year', cursor }).documents
  const { cursor } = docs.list({ order: 'year', limit: 1 })
  const expected = listed(cursor!)
  let refusals = 0
  for (let at = 0; at < cursor!.length; at++) {
    for (const letter of ['A', 'x', '9', '_', '%']) {
      const changed = cursor!.slice(0, at) + letter + cursor!.slice(at + 1)
      try {
        // The last letter has bits that mean nothing.
        assert.deepEqual(listed(changed), expected)
      } catch (error) {
        assert.equal((error as VecError).code, 'VEC_QUERY', changed)
        refusals++
      }
    }
  }
  assert.ok(refusals > 4 * cursor!.length)
})

test('a table without the column meta lists its documents, and says what a field needs', async () => {
  const { db } = await lettersCollection()
  db.exec(`CREATE TABLE _vec_plain(dataset_id TEXT, id TEXT, embedding BLOB, PRIMARY KEY (dataset_id, id));
    CREATE VIRTUAL TABLE plain USING vec(doc_id);
    INSERT INTO _vec_plain VALUES ('d', 'a', x'0000803f')`)
  const plain = new Collection(db, { table: 'plain', dataset: 'd' })
  assert.deepEqual(plain.list().documents, [{ id: 'a', content: null, meta: null }])
  const lacks = { code: 'VEC_SHADOW', hint: /ADD COLUMN meta/ }
  assert.throws(() => plain.list({ filter: { n: 1 } }), lacks)
  assert.throws(() => plain.list({ order: 'meta.n' }), lacks)
  assert.throws(() => plain.facets('meta.n'), lacks)
  assert.throws(() => plain.querySync({ vector: [1], filter: { n: 1 } }), lacks)
})
