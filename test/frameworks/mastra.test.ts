import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { MastraVector } from '@mastra/core/vector'
import { exactSimilarity } from '../../src/entries/indexes.ts'
import { open } from '../../src/entries/main.ts'
import { SqliteVector, type SqliteVectorFilter } from '../../src/entries/mastra.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'
import { collectionOf, DATABASES, type TestedDatabase } from './databases.ts'
import { indexName, PRODUCTS, productStore } from './mastra-products.ts'

// The contract of MastraVector, written from its types. The suite that Mastra's own stores share is not published.

for (const { name: opened, fresh } of DATABASES)
  describe(`SqliteVector over ${opened}`, () => {
    let db: TestedDatabase
    let store: SqliteVector<TestedDatabase>
    beforeEach(async () => {
      db = await fresh()
      store = await productStore(db)
    })

    const metaOf = async (id: string): Promise<unknown> => {
      const collection = await store.collection(indexName)
      return (await collectionOf({ collection }).get(id))?.meta
    }
    const ids = async (filter?: SqliteVectorFilter): Promise<string[]> => {
      const found = await store.query({ indexName, queryVector: [1, 0, 0], topK: 9, filter })
      return found.map(({ id }) => id)
    }

    test('is a MastraVector, and gives back what was stored', async () => {
      assert.ok(store instanceof MastraVector)
      assert.equal(store.id, 'sqlite-vec-ts')
      const [best, second] = await store.query({
        indexName,
        queryVector: [2, 0, 0],
        topK: 2,
        includeVector: true,
      })
      assert.deepEqual(best, { id: 'lamp', score: 1, metadata: PRODUCTS[0], vector: [1, 0, 0] })
      assert.equal(second.id, 'desk')
      const [without] = await store.query({ indexName, queryVector: [2, 0, 0] })
      assert.deepEqual(Object.keys(without), ['id', 'score', 'metadata'])
    })

    test('indexes are listed, described and deleted; an empty one answers', async () => {
      await store.createIndex({ indexName: 'empty', dimension: 2, metric: 'euclidean' })
      assert.deepEqual(await store.listIndexes(), ['empty', indexName])
      assert.deepEqual(await store.describeIndex({ indexName: 'empty' }), {
        dimension: 2,
        metric: 'euclidean',
        count: 0,
      })
      assert.deepEqual(await store.query({ indexName: 'empty', queryVector: [1, 2] }), [])
      await store.deleteVectors({ indexName: 'empty', ids: ['unknown'] })
      // Another store over the same file sees them, and a deleted one is gone with its vectors.
      const other = new SqliteVector({ db, id: 'other' })
      assert.equal((await other.describeIndex({ indexName })).count, 4)
      await other.deleteIndex({ indexName })
      await other.deleteIndex({ indexName })
      assert.deepEqual(await store.listIndexes(), ['empty'])
      await store.createIndex({ indexName, dimension: 2 })
      assert.equal((await store.describeIndex({ indexName })).count, 0)
    })

    test('an index is created once; another dimension is refused', async () => {
      await store.createIndex({ indexName, dimension: 3 })
      assert.equal((await store.describeIndex({ indexName })).count, 4)
      await assert.rejects(store.createIndex({ indexName, dimension: 4 }), /3 dimensions, but 4/)
      for (const dimension of [0, -1, 1.5, '3' as never]) {
        await assert.rejects(store.createIndex({ indexName: 'wrong', dimension }), /dimension is/)
      }
      const metric = 'hamming' as never
      await assert.rejects(
        store.createIndex({ indexName: 'wrong', dimension: 3, metric }),
        /hamming/,
      )
      assert.deepEqual(await store.listIndexes(), [indexName])
    })

    test('an unknown index is an error that names createIndex()', async () => {
      const unknown = { indexName: 'unknown' }
      const error = {
        code: 'VEC_QUERY',
        message: /there is no index 'unknown'/,
        hint: /createIndex/,
      }
      await assert.rejects(store.query({ ...unknown, queryVector: [1] }), error)
      await assert.rejects(store.upsert({ ...unknown, vectors: [[1]] }), error)
      await assert.rejects(store.describeIndex(unknown), error)
      await assert.rejects(
        store.updateVector({ ...unknown, id: 'a', update: { metadata: {} } }),
        error,
      )
      await assert.rejects(store.deleteVector({ ...unknown, id: 'a' }), error)
      await assert.rejects(store.deleteVectors({ ...unknown, ids: ['a'] }), error)
      await assert.rejects(async () => store.collection('unknown'), error)
      const unused = new SqliteVector({ db, table: 'fresh' })
      assert.deepEqual(await unused.listIndexes(), [])
      await assert.rejects(unused.query({ ...unknown, queryVector: [1] }), error)
    })

    test('a filter alone lists what matches, by id; neither is refused', async () => {
      const found = await store.query({ indexName, filter: { open: true }, includeVector: true })
      assert.deepEqual(
        found.map(({ id, score }) => [id, score]),
        [
          ['book', 0],
          ['lamp', 0],
        ],
      )
      assert.deepEqual(found[1].vector, [1, 0, 0])
      assert.equal((await store.query({ indexName, filter: {}, topK: 3 })).length, 3)
      await assert.rejects(store.query({ indexName }), /expected a queryVector, a text or a filter/)
    })

    test('the same id replaces; new ids are made; all or none', async () => {
      assert.deepEqual(await store.upsert({ indexName, vectors: [[0, 0, 2]], ids: ['lamp'] }), [
        'lamp',
      ])
      assert.deepEqual(await metaOf('lamp'), {})
      const [made] = await store.upsert({ indexName, vectors: [[0, 0, 2]], metadata: [] })
      assert.match(made, /^[0-9a-f-]{36}$/)
      const wrong = [
        [1, 1, 1],
        [1, NaN, 1],
      ]
      await assert.rejects(store.upsert({ indexName, vectors: wrong }), { code: 'VEC_EMBEDDING' })
      assert.equal((await store.describeIndex({ indexName })).count, 5)
    })

    test('deleteFilter and the insert are one transaction', async () => {
      const metadata = [{ source: 'new' }]
      const replace = { indexName, vectors: [[1, 1, 1]], ids: ['new'], metadata }
      await store.upsert({ ...replace, deleteFilter: { name: { $regex: '^[BL]' } } })
      assert.deepEqual((await ids()).toSorted(), ['desk', 'new', 'sofa'])
      const before = await ids()
      const failing = {
        ...replace,
        metadata: [{ source: 1n << 70n }],
        deleteFilter: { open: false },
      }
      await assert.rejects(store.upsert({ ...failing, vectors: [[NaN, 1, 1]] }))
      assert.deepEqual(await ids(), before)
      await assert.rejects(store.upsert({ ...replace, deleteFilter: {} }), /an empty filter/)
      assert.deepEqual(await ids(), before)
    })

    test('updateVector replaces what it is given, for one id or for all that match', async () => {
      await store.updateVector({ indexName, id: 'lamp', update: { metadata: { name: 'Torch' } } })
      assert.deepEqual(await metaOf('lamp'), { name: 'Torch' })
      await store.updateVector({ indexName, id: 'lamp', update: { vector: [0, 3, 0] } })
      const [found] = await store.query({
        indexName,
        queryVector: [0, 1, 0],
        filter: { name: 'Torch' },
        includeVector: true,
      })
      assert.deepEqual(found, {
        id: 'lamp',
        score: 1,
        metadata: { name: 'Torch' },
        vector: [0, 3, 0],
      })
      await store.updateVector({ indexName, id: 'unknown', update: { vector: [0, 3, 0] } })
      assert.equal((await store.describeIndex({ indexName })).count, 4)
      const update = { metadata: { archived: true } }
      await store.updateVector({ indexName, filter: { tags: { $exists: true } }, update })
      assert.deepEqual((await ids({ archived: true })).toSorted(), ['desk', 'sofa'])
      await assert.rejects(
        store.updateVector({ indexName, update } as never),
        /Either id or filter must be provided/,
      )
      await assert.rejects(
        store.updateVector({ indexName, id: 'a', filter: { a: 1 }, update } as never),
        /mutually exclusive/,
      )
      await assert.rejects(store.updateVector({ indexName, filter: {}, update }), /an empty filter/)
      await assert.rejects(
        store.updateVector({ indexName, id: 'lamp', update: {} }),
        /neither a vector nor metadata/,
      )
      await assert.rejects(store.updateVector({ indexName, id: 'lamp', update: { vector: [1] } }), {
        code: 'VEC_DIMENSION',
      })
    })

    test('deletes by id, by ids, or by filter', async () => {
      await store.deleteVector({ indexName, id: 'lamp' })
      await store.deleteVector({ indexName, id: 'lamp' })
      await store.deleteVectors({ indexName, ids: ['desk', 'unknown'] })
      assert.deepEqual((await ids()).toSorted(), ['book', 'sofa'])
      await store.deleteVectors({ indexName, filter: { price: { $gt: 100 } } })
      assert.deepEqual(await ids(), ['book'])
      await assert.rejects(
        store.deleteVectors({ indexName }),
        /Either filter or ids must be provided/,
      )
      await assert.rejects(store.deleteVectors({ indexName, ids: [] }), /empty ids array/)
      await assert.rejects(store.deleteVectors({ indexName, filter: {} }), /empty filter/)
      await assert.rejects(
        store.deleteVectors({ indexName, ids: ['a'], filter: { a: 1 } }),
        /mutually exclusive/,
      )
      assert.deepEqual(await ids(), ['book'])
    })

    test('each metric ranks and scores in its own way', async () => {
      const vectors = [
        [1, 0],
        [3, 0.1],
        [0, 1],
      ]
      const expected = {
        cosine: ['a', 'b', 'c'],
        euclidean: ['b', 'a', 'c'],
        dotproduct: ['b', 'a', 'c'],
      } as const
      for (const metric of ['cosine', 'euclidean', 'dotproduct'] as const) {
        await store.createIndex({ indexName: metric, dimension: 2, metric })
        await store.upsert({ indexName: metric, vectors, ids: ['a', 'b', 'c'] })
        const found = await store.query({ indexName: metric, queryVector: [3, 0] })
        assert.deepEqual(
          found.map(({ id }) => id),
          expected[metric],
          metric,
        )
        const { score } = found.find(({ id }) => id === 'a')!
        assert.equal(score, { cosine: 1, euclidean: -1, dotproduct: 3 }[metric])
      }
      const near = await store.query({ indexName: 'cosine', queryVector: [1, 0], minScore: 0.5 })
      assert.deepEqual(
        near.map(({ id }) => id),
        ['a', 'b'],
      )
    })

    test('with textField, queries search by words, too, and results have the document', async () => {
      const words = new SqliteVector({ db, table: 'words', textField: 'text' })
      await words.createIndex({ indexName, dimension: 2 })
      const texts = ['error E1234 in the log', 'a quiet day', 'a quiet night']
      const metadata = texts.map(text => ({ text, kind: text.length }))
      await words.upsert({
        indexName,
        vectors: [
          [1, 0],
          [0, 1],
          [0.1, 1],
        ],
        metadata,
        ids: ['e', 'd', 'n'],
      })
      const both = await words.query({ indexName, queryVector: [0, 1], text: 'E1234', topK: 2 })
      assert.deepEqual(both.map(({ id }) => id).toSorted(), ['d', 'e'])
      const [found, ...others] = await words.query({
        indexName,
        text: 'quiet night',
        filter: { kind: 13 },
      })
      assert.deepEqual([found.document, others.length], ['a quiet night', 0])
      const mmr = { lambda: 0 }
      const diverse = await words.query({ indexName, queryVector: [0, 1], topK: 2, mmr })
      assert.deepEqual(
        diverse.map(({ id }) => id),
        ['d', 'e'],
      )
      await words.updateVector({ indexName, id: 'd', update: { metadata: { text: 'a loud day' } } })
      assert.deepEqual(
        (await words.query({ indexName, text: 'loud' })).map(({ id }) => id),
        ['d'],
      )
      await assert.rejects(store.query({ indexName, text: 'loud' }), /text/)
    })

    test('wrong arguments say what was expected', async () => {
      assert.throws(() => new SqliteVector({ db: open(':memory:') as never }), /await/)
      assert.throws(() => new SqliteVector({ db, tabel: 'x' } as never), /tabel/)
      assert.throws(() => new SqliteVector(undefined as never), /config is undefined/)
      const queryVector = [1, 0, 0]
      const wrong: [call: () => Promise<unknown>, message: RegExp][] = [
        [
          async () => store.query({ indexName, queryVector, topK: 0 }),
          /topK is 0: expected an integer from 1/,
        ],
        [async () => store.query({ indexName, queryVector, topK: 2.5 }), /topK is 2\.5/],
        [
          async () => store.query({ indexName, queryVector: [1, 0] }),
          /has 2 dimensions, and the index 'products' has 3/,
        ],
        [
          async () => store.query({ indexName, queryVector: '[1,0,0]' as never }),
          /queryVector is .*expected an array/,
        ],
        [async () => store.query({ indexName, queryVector: [1, NaN, 0] }), /query\.vector/],
        [
          async () =>
            store.query({ indexName, queryVector, sparseVector: { indices: [], values: [] } }),
          /sparseVector/,
        ],
        [async () => store.query(undefined as never), /params is undefined/],
        [async () => store.query({ queryVector } as never), /indexName is undefined/],
        [async () => store.upsert({ indexName, vectors: [] }), /vectors is empty/],
        [async () => store.upsert({ indexName, vectors: [[]] }), /has 0 dimensions/],
        [
          async () => store.upsert({ indexName, vectors: ['abc' as never] }),
          /vectors\[0\] is .*expected an array/,
        ],
        [
          async () => store.upsert({ indexName, vectors: [[1, 0, 0]], ids: ['a', 'b'] }),
          /2 ids for 1 vectors/,
        ],
        [
          async () =>
            store.upsert({
              indexName,
              vectors: [
                [1, 0, 0],
                [1, 0, 0],
              ],
              metadata: [{}],
            }),
          /1 metadata for 2 vectors/,
        ],
        [
          async () => store.upsert({ indexName, vectors: [[1, 0, 0]], sparseVectors: [] }),
          /sparseVectors/,
        ],
      ]
      for (const [call, message] of wrong) await assert.rejects(call(), message)
    })

    seededTest('COLLECTION_SEED')(
      'finds what a scan in double precision finds',
      async (_t, seed) => {
        const next = seeded(seed)
        const vector = (): number[] => Array.from({ length: 24 }, () => next() - 0.5)
        const vectors = Array.from({ length: 400 }, vector)
        await store.createIndex({ indexName: 'large', dimension: 24 })
        await store.upsert({
          indexName: 'large',
          vectors,
          ids: vectors.map((_, i) => `v${i}`),
          metadata: vectors.map((_, i) => ({ year: i % 10 })),
        })
        for (let n = 0; n < 20; n++) {
          const query = vector()
          const expected = vectors
            .map((row, i) => ({
              id: `v${i}`,
              score: exactSimilarity('cosine', Float32Array.from(query), Float32Array.from(row)),
            }))
            .filter((_, i) => i % 10 < 5)
            .toSorted((a, b) => b.score - a.score)
          const found = await store.query({
            indexName: 'large',
            queryVector: query,
            topK: 7,
            filter: { year: { $lt: 5 } },
          })
          assert.equal(found.length, 7)
          for (const [i, { id, score }] of found.entries()) {
            assert.ok(Math.abs(score - expected[i].score) < 1e-6, `place ${i}`)
            assert.ok(expected.some(hit => hit.id === id && Math.abs(hit.score - score) < 1e-6))
          }
        }
      },
    )
  })
