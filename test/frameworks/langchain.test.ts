import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { Document } from '@langchain/core/documents'
import { Embeddings } from '@langchain/core/embeddings'
import { index } from '@langchain/core/indexing'
import { SyntheticEmbeddings } from '@langchain/core/utils/testing'
import { exactSimilarity } from '../../src/entries/indexes.ts'
import { SqliteRecordManager, SqliteVecStore } from '../../src/entries/langchain.ts'
import { open } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { collectionOf, countTables, DATABASES, type TestedDatabase } from './databases.ts'

// LangChain publishes no tests of vector stores: these are written from its types and documentation.

/** Each letter counts; the vectors of two texts with the same letters are equal. */
class LetterEmbeddings extends Embeddings {
  model = 'letters'
  asked = 0
  constructor() {
    super({})
  }
  async embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map(async text => this.embedQuery(text)))
  }
  async embedQuery(text: string): Promise<number[]> {
    this.asked++
    const vector = Array.from({ length: 26 }, () => 0)
    for (const letter of text.toLowerCase()) {
      const place = letter.charCodeAt(0) - 97
      if (place >= 0 && place < 26) vector[place]++
    }
    return vector
  }
}

interface Meta extends Record<string, unknown> {
  lang: string
  year: number
  tags: string[]
  author: { name: string }
}

const document = (id: string, pageContent: string, meta: Partial<Meta> = {}): Document =>
  new Document({ id, pageContent, metadata: meta })

const DOCUMENTS = [
  document('bread', 'bread', { lang: 'en', year: 2021, tags: ['food'], author: { name: 'ann' } }),
  document('beard', 'beard', { lang: 'en', year: 2022, tags: ['hair', 'face'] }),
  document('brot', 'brot', { lang: 'de', year: 2023, tags: ['food'], author: { name: 'bob' } }),
  document('zinc', 'zinc', { lang: 'en', year: 2024 }),
]

const ids = (documents: readonly { id?: string | undefined }[]): (string | undefined)[] =>
  documents.map(({ id }) => id)

for (const { name: opened, fresh } of DATABASES)
  describe(`SqliteVecStore over ${opened}`, () => {
    let db: TestedDatabase
    let embeddings: LetterEmbeddings
    let store: SqliteVecStore<TestedDatabase>
    beforeEach(async () => {
      db = await fresh()
      embeddings = new LetterEmbeddings()
      store = await SqliteVecStore.fromDocuments(DOCUMENTS, embeddings, { db, table: 'docs' })
    })

    test('gives back what was stored: id, content, nested metadata', async () => {
      const [[found, score]] = await store.similaritySearchWithScore('bread', 1, {
        lang: 'en',
        year: 2021,
      })
      assert.ok(found instanceof Document)
      assert.equal(found.id, 'bread')
      assert.equal(found.pageContent, 'bread')
      assert.deepEqual(found.metadata, DOCUMENTS[0].metadata)
      assert.ok(Math.abs(score - 1) < 1e-6)
    })

    test('scores fall from hit to hit; equal ones are ordered by id', async () => {
      const found = await store.similaritySearchWithScore('bread', 4)
      assert.deepEqual(ids(found.map(([hit]) => hit)), ['beard', 'bread', 'brot', 'zinc'])
      const scores = found.map(([, score]) => score)
      assert.deepEqual(
        scores,
        scores.toSorted((a, b) => b - a),
      )
      assert.equal((await store.similaritySearch('bread')).length, 4)
      assert.equal((await store.similaritySearch('bread', 0)).length, 0)
      assert.equal((await store.similaritySearch('bread', 99)).length, 4)
    })

    const filters: [name: string, filter: SqliteVecStore['FilterType'], expected: string[]][] = [
      ['a value', { lang: 'de' }, ['brot']],
      ['two fields', { lang: 'en', year: { $gte: 2022 } }, ['beard', 'zinc']],
      ['a list', { year: { $in: [2021, 2023] } }, ['bread', 'brot']],
      ['a list of others', { year: { $nin: [2021, 2023] } }, ['beard', 'zinc']],
      ['an element', { tags: { $contains: 'food' } }, ['bread', 'brot']],
      ['an absent field', { tags: { $exists: false } }, ['zinc']],
      ['a nested field', { 'author.name': 'bob' }, ['brot']],
      ['or', { $or: [{ lang: 'de' }, { year: { $lt: 2022 } }] }, ['bread', 'brot']],
      ['not', { $not: { lang: 'en' } }, ['brot']],
      ['nothing', {}, ['bread', 'beard', 'brot', 'zinc']],
    ]
    for (const [name, filter, expected] of filters) {
      test(`filters before it chooses: ${name}`, async () => {
        const found = await store.similaritySearch('bread', expected.length, filter)
        assert.deepEqual(new Set(ids(found)), new Set(expected))
        const one = await store.similaritySearch('zinc', 1, filter)
        assert.equal(one.length, 1)
      })
    }

    test('an unknown operator is refused by its path', async () => {
      await assert.rejects(store.similaritySearch('x', 1, { year: { $near: 3 } }), /year.*\$near/)
    })

    test('ids: of the call, of the documents, new ones; the same id replaces', async () => {
      assert.deepEqual(await store.addDocuments([document('x', 'xx')], { ids: ['y'] }), ['y'])
      const [made] = await store.addDocuments([new Document({ pageContent: 'new' })])
      assert.match(made, /^[0-9a-f-]{36}$/)
      assert.equal(await collectionOf(store).count(), 6)
      await store.addDocuments([document('y', 'yyy', { lang: 'fr' })])
      assert.equal(await collectionOf(store).count(), 6)
      assert.deepEqual(await collectionOf(store).get('y'), {
        id: 'y',
        content: 'yyy',
        meta: { lang: 'fr' },
      })
      const named = new SqliteVecStore(embeddings, {
        db,
        table: 'docs',
        dataset: 'other',
        newId: ({ pageContent }) => `id of ${pageContent}`,
      })
      assert.deepEqual(await named.addDocuments([new Document({ pageContent: 'a' })]), ['id of a'])
    })

    test('addVectors stores all or none', async () => {
      const two = [document('p', 'p'), document('q', 'q')]
      const vector = Array.from({ length: 26 }, () => 1)
      await assert.rejects(store.addVectors([vector, [1, 2]], two), { code: 'VEC_DIMENSION' })
      await assert.rejects(store.addVectors([vector], two), /1 vectors for 2 documents/)
      assert.equal(await collectionOf(store).count(), 4)
      assert.deepEqual(await store.addVectors([vector, vector], two), ['p', 'q'])
      assert.deepEqual(await store.addVectors([], []), [])
    })

    test('deletes by ids, by filter, or all', async () => {
      await store.delete({ ids: ['bread', 'unknown'] })
      assert.equal(await collectionOf(store).count(), 3)
      await store.delete({ filter: { lang: 'de' } })
      assert.equal(await collectionOf(store).count(), 2)
      await assert.rejects(store.delete({ filter: {} }), /every document passes/)
      await assert.rejects(store.delete({} as never), /none of ids, filter and all/)
      await assert.rejects(
        store.delete({ deleteAll: true, ids: ['zinc'] } as never),
        /deleteAll and ids/,
      )
      await assert.rejects(store.delete(undefined as never), /selection is undefined/)
      assert.equal(await collectionOf(store).count(), 2)
      await store.delete({ deleteAll: true })
      assert.equal(await collectionOf(store).count(), 0)
    })

    test('MMR prefers what is not there yet', async () => {
      const retriever = store.asRetriever({ k: 2, searchType: 'mmr', searchKwargs: { lambda: 0 } })
      assert.deepEqual(ids(await retriever.invoke('bread')), ['beard', 'zinc'])
      const near = await store.maxMarginalRelevanceSearch('bread', { k: 2, lambda: 1 })
      assert.deepEqual(ids(near), ['beard', 'bread'])
      const filtered = await store.maxMarginalRelevanceSearch('bread', {
        k: 2,
        fetchK: 1,
        filter: { lang: 'de' },
      })
      assert.deepEqual(ids(filtered), ['brot'])
    })

    test('a retriever passes its filter on', async () => {
      const retriever = store.asRetriever({ k: 2, filter: { lang: 'de' } })
      assert.deepEqual(ids(await retriever.invoke('bread')), ['brot'])
      assert.deepEqual(ids(await store.asRetriever(1, { year: 2024 }).invoke('bread')), ['zinc'])
    })

    test('fromTexts takes one metadata for all, or one for each', async () => {
      const config = { db, table: 'texts' }
      const each = await SqliteVecStore.fromTexts(
        ['a', 'b'],
        [{ n: 1 }, { n: 2 }],
        embeddings,
        config,
      )
      assert.deepEqual((await each.similaritySearch('a', 1))[0].metadata, { n: 1 })
      const all = await SqliteVecStore.fromTexts(['c'], { n: 3 }, embeddings, {
        ...config,
        dataset: 'all',
      })
      assert.deepEqual((await all.similaritySearch('a', 1))[0].metadata, { n: 3 })
    })

    test('fromExistingIndex opens what is there, and nothing else', async () => {
      const again = await SqliteVecStore.fromExistingIndex(embeddings, { db, table: 'docs' })
      assert.equal((await again.similaritySearch('bread', 9)).length, 4)
      await assert.rejects(SqliteVecStore.fromExistingIndex(embeddings, { db, table: 'missing' }), {
        code: 'VEC_SHADOW',
      })
    })

    test('a store that was never written to finds nothing, and makes no table', async () => {
      const empty = new SqliteVecStore(embeddings, { db, table: 'later' })
      assert.deepEqual(await empty.similaritySearch('x'), [])
      await empty.delete({ ids: ['x'] })
      assert.equal(await countTables(db, 'later'), 0)
    })

    test('datasets are apart, and another model is refused in one', async () => {
      const other = new SqliteVecStore(embeddings, { db, table: 'docs', dataset: 'other' })
      assert.deepEqual(await other.similaritySearch('bread'), [])
      const foreign = new SqliteVecStore(embeddings, { db, table: 'docs', model: 'another' })
      await assert.rejects(foreign.similaritySearch('bread'), { code: 'VEC_MODEL' })
      await assert.rejects(foreign.addDocuments([document('n', 'n')]), { code: 'VEC_MODEL' })
    })

    test('hybrid and text modes rank by words, too', async () => {
      const config = { db, table: 'words', mode: 'hybrid' } as const
      const hybrid = await SqliteVecStore.fromDocuments(
        [
          document('a', 'the quick brown fox'),
          document('b', 'a lazy dog'),
          document('c', 'god yazl a'),
        ],
        embeddings,
        config,
      )
      assert.deepEqual(ids(await hybrid.similaritySearch('lazy dog', 1)), ['b'])
      assert.deepEqual(ids(await hybrid.similaritySearch('lazy dog', 1, { $not: { x: 1 } })), ['b'])
      const words = new SqliteVecStore(embeddings, { ...config, mode: 'text' })
      const asked = embeddings.asked
      assert.deepEqual(ids(await words.similaritySearch('quick', 5)), ['a'])
      assert.equal(embeddings.asked, asked)
    })

    test('wrong arguments say what was expected', async () => {
      const config = { db, table: 'docs' }
      const wrong: [() => unknown, RegExp][] = [
        [
          () => new SqliteVecStore(undefined as never, config),
          /embeddings is undefined.*embedQuery/,
        ],
        [() => new SqliteVecStore(embeddings, { ...config, tabel: 1 } as never), /tabel/],
        [
          () => new SqliteVecStore(embeddings, { ...config, db: open(':memory:') as never }),
          /await/,
        ],
        [() => new SqliteVecStore(embeddings, { db } as never), /table is undefined/],
        [() => new SqliteVecStore(embeddings, { ...config, mode: 'words' as never }), /words/],
      ]
      for (const [call, message] of wrong) assert.throws(call, message)
      await assert.rejects(store.addDocuments('x' as never), /documents is.*expected an array/)
      await assert.rejects(
        store.addDocuments([{} as never]),
        /documents\[0\]\.pageContent is undefined/,
      )
      await assert.rejects(
        store.addDocuments(DOCUMENTS, { ids: ['a'] }),
        /expected an array of 4 ids/,
      )
      await assert.rejects(store.addVectors(undefined as never, []), /vectors is undefined/)
    })

    seededTest('COLLECTION_SEED')(
      'finds what a scan in double precision finds',
      async (_t, seed) => {
        const synthetic = new SyntheticEmbeddings({ vectorSize: 24 })
        const documents = Array.from({ length: 300 }, (_, i) =>
          document(`d${i}`, `text ${(i * 7919 + seed) % 1000} of ${i}`, { year: i % 10 }),
        )
        const large = await SqliteVecStore.fromDocuments(documents, synthetic, {
          db,
          table: 'large',
        })
        for (let n = 0; n < 20; n++) {
          const text = `query ${seed + n}`
          const query = Float32Array.from(await synthetic.embedQuery(text))
          const expected = (
            await Promise.all(
              documents
                .filter(({ metadata }) => (metadata as Meta).year < 5)
                .map(async ({ id, pageContent }) => {
                  const vector = Float32Array.from(await synthetic.embedQuery(pageContent))
                  return { id: id!, score: exactSimilarity('cosine', query, vector) }
                }),
            )
          ).toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
          const found = await large.similaritySearchWithScore(text, 7, { year: { $lt: 5 } })
          for (const [i, [{ id }, score]] of found.entries()) {
            assert.ok(Math.abs(score - expected[i].score) < 1e-6, `place ${i} of '${text}'`)
            assert.ok(expected.some(hit => hit.id === id && Math.abs(hit.score - score) < 1e-6))
          }
          assert.equal(found.length, 7)
        }
      },
    )
  })

const page = (text: string, source: string): Document =>
  new Document({ pageContent: text, metadata: { source } })
const result = (numAdded: number, numUpdated: number, numDeleted: number, numSkipped: number) => ({
  numAdded,
  numUpdated,
  numDeleted,
  numSkipped,
})

for (const { name: opened, fresh } of DATABASES)
  describe(`SqliteRecordManager with index() over ${opened}`, () => {
    let db: TestedDatabase
    let embeddings: LetterEmbeddings
    let vectorStore: SqliteVecStore<TestedDatabase>
    let recordManager: SqliteRecordManager
    beforeEach(async () => {
      db = await fresh()
      embeddings = new LetterEmbeddings()
      vectorStore = new SqliteVecStore(embeddings, { db, table: 'docs' })
      recordManager = new SqliteRecordManager({ db, namespace: 'docs' })
      await recordManager.createSchema()
      await recordManager.createSchema()
    })
    test('the second run embeds only what has changed, and removes what is gone', async () => {
      const first = [page('one', 'a'), page('two', 'a'), page('three', 'b')]
      const full = { cleanup: 'full' } as const
      const run = async (docsSource: Document[]) =>
        index({ docsSource, recordManager, vectorStore, options: full })
      assert.deepEqual(await run(first), result(3, 0, 0, 0))
      const asked = embeddings.asked
      assert.deepEqual(await run(first), result(0, 0, 0, 3))
      assert.equal(embeddings.asked, asked)
      assert.deepEqual(await run([page('one', 'a'), page('four', 'a')]), result(1, 0, 2, 1))
      const left = await vectorStore.similaritySearch('one', 9)
      assert.deepEqual(left.map(({ pageContent }) => pageContent).toSorted(), ['four', 'one'])
    })

    test('incremental clean-up removes old chunks of the sources that come, and no others', async () => {
      const run = async (docsSource: Document[]) =>
        index({
          docsSource,
          recordManager,
          vectorStore,
          options: { cleanup: 'incremental', sourceIdKey: 'source' },
        })
      assert.deepEqual(await run([page('one', 'a'), page('two', 'b')]), result(2, 0, 0, 0))
      assert.deepEqual(await run([page('uno', 'a')]), result(1, 0, 1, 0))
      const left = await vectorStore.similaritySearch('one', 9)
      assert.deepEqual(left.map(({ pageContent }) => pageContent).toSorted(), ['two', 'uno'])
    })

    test('keys are listed by time and group, and namespaces are apart', async () => {
      const other = new SqliteRecordManager({ db, namespace: 'other' })
      await recordManager.update(['a', 'b'], { groupIds: ['x', null] })
      const middle = await recordManager.getTime()
      await recordManager.update(['c'], { groupIds: ['x'], timeAtLeast: middle })
      assert.deepEqual(await recordManager.exists(['a', 'z', 'c']), [true, false, true])
      assert.deepEqual(await other.exists(['a']), [false])
      assert.deepEqual(await recordManager.listKeys({ before: middle }), ['a', 'b'])
      assert.deepEqual(await recordManager.listKeys({ after: middle - 1 }), ['c'])
      assert.deepEqual(await recordManager.listKeys({ groupIds: ['x'] }), ['a', 'c'])
      assert.deepEqual(await recordManager.listKeys({ groupIds: [null] }), ['b'])
      assert.deepEqual(await recordManager.listKeys({ limit: 1 }), ['a'])
      await recordManager.deleteKeys(['a', 'c'])
      assert.deepEqual(await recordManager.listKeys(), ['b'])
    })

    test('a time in the future, or groups that do not fit, is refused', async () => {
      const later = (await recordManager.getTime()) + 1e6
      await assert.rejects(recordManager.update(['a'], { timeAtLeast: later }), /timeAtLeast/)
      await assert.rejects(recordManager.update(['a'], { groupIds: [] }), /0 groupIds for 1 keys/)
      await assert.rejects(recordManager.update([1 as never]), /keys\[0\] is/)
      assert.throws(() => new SqliteRecordManager({ db } as never), /namespace/)
    })
  })
