import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { attach, type BetterSqlite3Handle, type SqliteHandle } from '../../src/entries/attach.ts'
import { encodeEmbedding, open } from '../../src/entries/main.ts'
import { loadDriver } from '../load-driver.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-attach-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newPath = (): string => join(folder, `${files++}.sqlite`)

type Handle = SqliteHandle & { close(): unknown; exec(sql: string): unknown }
type Native = BetterSqlite3Handle & Handle

const NativeDatabase = loadDriver<Native>('better-sqlite3')
const withoutNative = NativeDatabase ? false : 'better-sqlite3 cannot be loaded'

interface Driver {
  readonly name: string
  readonly skip: string | false
  connect(path: string, readonly?: boolean): Promise<Handle>
}

const DRIVERS: readonly Driver[] = [
  {
    name: 'better-sqlite3',
    skip: withoutNative,
    connect: (path, readonly = false) =>
      Promise.resolve(new NativeDatabase!(path, { readonly, timeout: 100 })),
  },
  {
    name: 'our engine',
    skip: false,
    connect: (path, readonly = false) => open(path, { readonly, busyTimeout: 100 }),
  },
]

const DOCS = `CREATE TABLE docs(dataset_id TEXT, id TEXT, content TEXT, meta TEXT, embedding BLOB,
  price INTEGER, PRIMARY KEY (dataset_id, id))`
const nothing = (): undefined => undefined
const attaching =
  (handle: unknown): (() => unknown) =>
  () =>
    attach(handle as SqliteHandle, { table: 'docs' })
const vectorOf = (i: number): number[] => [Math.cos(i), Math.sin(i), i / 100]

type Body = (db: Handle, path: string) => void | Promise<void>

function fact(driver: Driver, name: string, body: Body): void {
  test(name, { skip: driver.skip }, async () => {
    const path = newPath()
    const db = await driver.connect(path)
    try {
      await body(db, path)
    } finally {
      db.close()
    }
  })
}

for (const driver of DRIVERS) {
  describe(`attach() to ${driver.name}`, () => {
    fact(driver, 'documents are written, searched, read, counted and deleted', db => {
      db.exec(DOCS)
      using vectors = attach(db, { table: 'docs' })
      const documents = Array.from({ length: 50 }, (_, i) => ({
        id: `d${i}`,
        content: `text ${i}`,
        meta: JSON.stringify({ even: i % 2 === 0 }),
        embedding: vectorOf(i),
      }))
      vectors.upsert(documents, { dataset: 'en' })
      db.exec("UPDATE docs SET price = 7 WHERE id = 'd3'")
      assert.equal(vectors.count(), 50)
      assert.equal(vectors.count({ dataset: 'de' }), 0)
      const hits = vectors.search({
        dataset: 'en',
        vector: vectorOf(3),
        k: 3,
        columns: ['content', 'price'],
      })
      assert.equal(hits.length, 3)
      assert.equal(hits[0].id, 'd3')
      assert.deepEqual(hits[0].columns, { content: 'text 3', price: 7 })
      assert.ok(hits[0].score > hits[1].score && hits[0].distance < hits[1].distance)
      const [, second] = hits
      const atLeast = vectors.search({
        dataset: 'en',
        vector: vectorOf(3),
        k: 50,
        minScore: second.score,
      })
      assert.deepEqual(
        atLeast.map(({ id }) => id),
        ['d3', second.id],
      )
      const even = vectors.search({
        dataset: 'en',
        vector: vectorOf(3),
        k: 50,
        filter: { even: true },
      })
      assert.equal(even.length, 25)
      const given = vectors.search({
        dataset: 'en',
        vector: vectorOf(3),
        k: 5,
        ids: ['d9', 'none'],
      })
      assert.deepEqual(
        given.map(({ id }) => id),
        ['d9'],
      )
      assert.deepEqual(vectors.get('d3', { dataset: 'en', columns: ['id', 'price'] }), {
        id: 'd3',
        price: 7,
      })
      assert.equal(vectors.get('d3', { dataset: 'en' })?.['content'], 'text 3')
      assert.equal(vectors.get('none', { dataset: 'en' }), undefined)
      vectors.upsert([{ id: 'd3', meta: null }], { dataset: 'en' })
      assert.deepEqual(vectors.get('d3', { dataset: 'en', columns: ['content', 'meta'] }), {
        content: 'text 3',
        meta: null,
      })
      assert.equal(vectors.delete(['d3', 'none'], { dataset: 'en' }), 1)
      assert.notEqual(vectors.search({ dataset: 'en', vector: vectorOf(3), k: 1 })[0].id, 'd3')
      assert.deepEqual(
        vectors.check().filter(({ severity }) => severity === 'error'),
        [],
      )
      assert.ok(vectors.stats({ dataset: 'en' }).some(({ op }) => op === 'rows: 49'))
      assert.equal(vectors.optimize(), true)
    })

    fact(driver, 'what a transaction has written is found, and gone after its rollback', db => {
      db.exec(DOCS)
      using vectors = attach(db, { table: 'docs' })
      vectors.upsert([{ id: 'a', embedding: [1, 0] }], { dataset: 'en' })
      db.exec('BEGIN')
      vectors.upsert([{ id: 'b', embedding: [0, 1] }], { dataset: 'en' })
      const nearest = (): unknown => vectors.search({ dataset: 'en', vector: [0, 1], k: 1 })[0].id
      assert.equal(nearest(), 'b')
      db.exec('ROLLBACK')
      assert.equal(nearest(), 'a')
    })

    fact(driver, 'a vec table of our engine is searched with its own options', async (db, path) => {
      const ours = await open(path)
      ours.exec('CREATE VIRTUAL TABLE docs USING vec("my, id", metric=euclidean)')
      ours
        .prepare("INSERT INTO docs(dataset_id, [my, id], embedding) VALUES ('en', 'far', ?)")
        .run(encodeEmbedding([9, 0]))
      ours.close()
      using vectors = attach(db, { table: 'docs' })
      assert.deepEqual(vectors.search({ dataset: 'en', vector: [1, 0], k: 1 }), [
        { id: 'far', score: -7, distance: 8, columns: {} },
      ])
      assert.throws(() => attach(db, { table: 'docs', metric: 'dot' }), { code: 'VEC_OPTION' })
    })

    fact(driver, 'a change of a dropped trigger is noticed, and repaired', db => {
      db.exec(DOCS)
      using vectors = attach(db, { table: 'docs' })
      vectors.upsert([{ id: 'a', embedding: [1, 0] }], { dataset: 'en' })
      db.exec('DROP TRIGGER vec_journal_docs_inserted')
      const triggers = (): string[] =>
        vectors
          .check()
          .filter(({ topic, severity }) => topic === 'triggers' && severity === 'warning')
          .map(({ fix }) => fix!)
      assert.deepEqual(triggers(), ['vectors.repair()'])
      vectors.repair()
      assert.deepEqual(triggers(), [])
    })

    fact(driver, 'a file that can only be read is searched, and not written', async (db, path) => {
      db.exec(DOCS)
      const writer = attach(db, { table: 'docs' })
      writer.upsert([{ id: 'a', embedding: [1, 0] }], { dataset: 'en' })
      writer.close()
      const reader = await driver.connect(path, true)
      try {
        using vectors = attach(reader, { table: 'docs' })
        assert.equal(vectors.search({ dataset: 'en', vector: [1, 0], k: 1 })[0].id, 'a')
        const readonly = { code: 'SQLITE_READONLY' }
        assert.throws(() => vectors.upsert([], { dataset: 'en' }), readonly)
        assert.throws(() => vectors.delete(['a'], { dataset: 'en' }), readonly)
      } finally {
        reader.close()
      }
    })

    fact(driver, 'tables that cannot serve are refused, with what to do', db => {
      db.exec(`CREATE TABLE bare(dataset_id, id, embedding); CREATE TABLE other(id PRIMARY KEY);
        CREATE VIEW looked AS SELECT * FROM bare; CREATE TABLE docs(n); CREATE VIRTUAL TABLE words USING fts5(w)`)
      for (const [table, names] of [
        ['none', /CREATE TABLE "none"/],
        ['bare', /CREATE UNIQUE INDEX "bare_key" ON "bare"/],
        ['looked', /ordinary table/],
        ['words', /ordinary table/],
      ] as const) {
        assert.throws(
          () => attach(db, { table }),
          ({ code, hint }: { code: string; hint: string }) => {
            assert.equal(code, 'VEC_SHADOW')
            assert.match(hint, names)
            return true
          },
        )
      }
      assert.throws(() => attach(db, { table: 'other' }), { code: 'VEC_SHADOW' })
    })

    fact(driver, 'arguments of another kind are refused', db => {
      db.exec(DOCS)
      using vectors = attach(db, { table: 'docs' })
      vectors.upsert([{ id: 'a', embedding: [1, 0] }], { dataset: 'en' })
      const search = { dataset: 'en', vector: [1, 0], k: 1 }
      for (const wrong of [
        { ...search, k: -1 },
        { ...search, k: '1' },
        { ...search, dataset: '' },
        { ...search, vector: Promise.resolve([1, 0]) },
        { ...search, ids: 'a' },
        { ...search, minScore: NaN },
        { ...search, columns: ['nothing'] },
      ]) {
        assert.throws(
          () => vectors.search(wrong as typeof search),
          TypeError,
          JSON.stringify(wrong),
        )
      }
      assert.throws(() => vectors.search({ ...search, vector: [1, 0, 0] }), {
        code: 'VEC_DIMENSION',
      })
      assert.throws(() => attach(db, { table: '' }), TypeError)
      assert.throws(() => attach(db, { table: 'docs', index: 'tree' as 'auto' }), RangeError)
    })

    fact(driver, 'after close() nothing is answered, and the handle works', db => {
      db.exec(DOCS)
      const vectors = attach(db, { table: 'docs' })
      vectors.close()
      vectors.close()
      assert.throws(() => vectors.search({ dataset: 'en', vector: [1], k: 1 }), {
        code: 'VEC_CLOSED',
      })
      db.exec("INSERT INTO docs(dataset_id, id) VALUES ('en', 'x')")
    })
  })
}

test('a handle that is closed, or of an asynchronous driver, is refused', async () => {
  const db = await open(':memory:')
  db.close()
  assert.throws(() => attach(db, { table: 'docs' }), { code: 'VEC_CLOSED' })
  assert.throws(attaching(Promise.resolve(db)), /await/)
  assert.throws(attaching(undefined), TypeError)
  assert.throws(
    attaching({ prepare: nothing, exec: nothing, batch: nothing }),
    /asynchronous driver/,
  )
  assert.throws(attaching({ prepare: nothing, exec: nothing, isOpen: true }), /Node 22\.16/)
})

test('the entry point loads no SQLite', () => {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file) || !existsSync(file)) return
    seen.add(file)
    const text = readFileSync(file, 'utf8')
    for (const [, path] of text.matchAll(/^(?:import|export)\b[^;]*?from '(\.[^']+)'/gm)) {
      visit(join(dirname(file), path))
    }
  }
  visit('dist/src/entries/attach.js')
  assert.ok(seen.size > 40)
  assert.deepEqual(
    [...seen].filter(file => file.startsWith('dist/src/sqlite/')),
    [],
  )
})
