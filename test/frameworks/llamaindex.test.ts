import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { BaseEmbedding } from '@llamaindex/core/embeddings'
import {
  IndexNode,
  MetadataMode,
  NodeRelationship,
  TextNode,
  type BaseNode,
} from '@llamaindex/core/schema'
import {
  BaseVectorStore,
  FilterCondition,
  FilterOperator,
  metadataDictToNode,
  VectorStoreQueryMode,
  type MetadataFilters,
} from '@llamaindex/core/vector-store'
import { exactSimilarity } from '../../src/entries/indexes.ts'
import { SqliteVectorStore } from '../../src/entries/llamaindex.ts'
import { open } from '../../src/entries/main.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'
import { collectionOf, countTables, DATABASES, type TestedDatabase } from './databases.ts'

// LlamaIndex publishes no tests of vector stores. The meaning of the filters is that of its SimpleVectorStore.

/** Each letter counts. */
class LetterEmbedding extends BaseEmbedding {
  constructor() {
    super()
    this.embedBatchSize = 2
  }

  async getTextEmbedding(text: string): Promise<number[]> {
    const vector = Array.from({ length: 26 }, () => 0)
    for (const letter of text.toLowerCase()) {
      const place = letter.charCodeAt(0) - 97
      if (place >= 0 && place < 26) vector[place]++
    }
    return vector
  }
}

const embedModel = new LetterEmbedding()

async function node(
  id: string,
  text: string,
  metadata: object,
  source?: string,
): Promise<TextNode> {
  return new TextNode({
    id_: id,
    text,
    metadata: { ...metadata },
    embedding: await embedModel.getTextEmbedding(text),
    relationships:
      source === undefined ? {} : { [NodeRelationship.SOURCE]: { nodeId: source, metadata: {} } },
  })
}

const idOf = ({ id_: id }: BaseNode): string => id
const texts = (nodes: BaseNode[] | undefined): string[] =>
  nodes!.map(one => one.getContent(MetadataMode.NONE))

const { DEFAULT, SPARSE, HYBRID, MMR } = VectorStoreQueryMode

for (const { name: opened, fresh } of DATABASES)
  describe(`SqliteVectorStore over ${opened}`, () => {
    let db: TestedDatabase
    let store: SqliteVectorStore<TestedDatabase>
    beforeEach(async () => {
      db = await fresh()
      store = new SqliteVectorStore({ db, table: 'docs', embedModel })
      await store.add([
        await node(
          'bread',
          'bread',
          { lang: 'en', weight: 1.2, type: ['food', 'warm'], author: { name: 'ann' } },
          'a.md',
        ),
        await node('beard', 'beard', { lang: 'en', weight: 2.3, type: ['hair'], note: '' }, 'a.md'),
        await node('brot', 'brot', { lang: 'de', weight: 3.4, type: [] }, 'b.md'),
        await node('zinc', 'zinc', { weight: 4.5, type: 'food' }),
      ])
    })

    const query = async (text: string, k: number, more: object = {}) =>
      store.query({
        queryEmbedding: await embedModel.getTextEmbedding(text),
        similarityTopK: k,
        mode: DEFAULT,
        ...more,
      })

    test('gives back what was stored: id, text, metadata, source, similarity', async () => {
      assert.ok(store instanceof BaseVectorStore)
      assert.equal(store.client(), db)
      assert.equal(store.storesText, true)
      assert.equal(store.embedModel, embedModel)
      const { nodes, similarities, ids } = await query('brot', 2)
      assert.deepEqual(ids, ['brot', 'beard'])
      const [found] = nodes!
      assert.ok(found instanceof TextNode)
      assert.deepEqual([idOf(found), found.text], ['brot', 'brot'])
      assert.deepEqual(found.metadata, { lang: 'de', weight: 3.4, type: [] })
      assert.equal(found.sourceNode?.nodeId, 'b.md')
      assert.ok(Math.abs(similarities[0] - 1) < 1e-6 && similarities[1] < similarities[0])
      assert.deepEqual((await query('bread', 2)).nodes![1].metadata['author'], { name: 'ann' })
    })

    test('makes a node from its metadata as LlamaIndex does', async () => {
      const [found] = (await query('brot', 1)).nodes!
      const metadata = { ...((await collectionOf(store).get('brot'))?.meta as object) }
      const expected = metadataDictToNode(metadata)
      expected.setContent('brot')
      assert.deepEqual(found.toJSON(), expected.toJSON())
    })

    test('keeps the kind of a node, and shows documents of other programs', async () => {
      const embedding = await embedModel.getTextEmbedding('yyy')
      await store.add([new IndexNode({ id_: 'index', text: 'yyy', indexId: 'other', embedding })])
      const [found] = (await query('yyy', 1)).nodes!
      assert.ok(found instanceof IndexNode)
      assert.equal(found.indexId, 'other')
      await collectionOf(store).upsert([
        {
          id: 'plain',
          content: 'qqq',
          meta: { lang: 'fr' },
          vector: await embedModel.getTextEmbedding('qqq'),
        },
      ])
      const [plain] = (await query('qqq', 1)).nodes!
      assert.ok(plain instanceof TextNode)
      assert.deepEqual([idOf(plain), plain.text, plain.metadata['lang']], ['plain', 'qqq', 'fr'])
    })

    type Filter = MetadataFilters['filters'][number]
    const one = (
      key: string,
      operator: Filter['operator'],
      value?: Filter['value'],
    ): MetadataFilters => ({
      filters: [value === undefined ? { key, operator } : { key, operator, value }],
    })
    const filters: [filters: MetadataFilters, expected: string[]][] = [
      [{ filters: [] }, ['beard', 'bread', 'brot', 'zinc']],
      [one('lang', '==', 'en'), ['beard', 'bread']],
      [one('absent', '==', 'en'), []],
      [one('lang', '!=', 'en'), ['brot']],
      [one('weight', '>', 2.3), ['brot', 'zinc']],
      [one('weight', '>=', 2.3), ['beard', 'brot', 'zinc']],
      [one('weight', '<', 2.3), ['bread']],
      [one('weight', '<=', 2.3), ['beard', 'bread']],
      [one('lang', 'in', ['de', 'fr']), ['brot']],
      [one('lang', 'nin', ['de', 'fr']), ['beard', 'bread']],
      [one('type', 'any', ['warm', 'hair']), ['beard', 'bread']],
      [one('type', 'all', ['food', 'warm']), ['bread']],
      [one('type', 'all', []), []],
      [one('type', 'contains', 'food'), ['bread']],
      [one('lang', 'text_match', 'e'), ['beard', 'bread', 'brot']],
      [one('lang', 'text_match', 'n'), ['beard', 'bread']],
      [one('lang', 'is_empty'), ['zinc']],
      [one('type', 'is_empty'), ['brot']],
      [one('note', 'is_empty'), ['beard', 'bread', 'brot', 'zinc']],
      [one('author.name', '==', 'ann'), ['bread']],
      [
        {
          filters: [...one('lang', '==', 'de').filters, ...one('weight', '<', 2).filters],
          condition: 'or',
        },
        ['bread', 'brot'],
      ],
      [
        {
          filters: [...one('lang', '==', 'en').filters, ...one('weight', '<', 2).filters],
          condition: 'and',
        },
        ['bread'],
      ],
      [
        { filters: [...one('lang', '==', 'en').filters, ...one('weight', '<', 2).filters] },
        ['bread'],
      ],
      [{ filters: [], condition: 'or' }, []],
    ]
    test('every operator and condition of the package is tested', () => {
      const tested = filters.flatMap(([given]) => given.filters.map(({ operator }) => operator))
      assert.deepEqual([...new Set(tested)].toSorted(), Object.values(FilterOperator).toSorted())
      const conditions = filters.flatMap(([{ condition }]) => condition ?? [])
      const known = Object.values(FilterCondition).toSorted()
      assert.deepEqual([...new Set(conditions)].toSorted(), known)
    })

    test('every query mode of the package is answered, or refused by its name', async () => {
      const answered = [DEFAULT, SPARSE, HYBRID, MMR]
      const refused = ['linear_regression', 'logistic_regression', 'semantic_hybrid', 'svm']
      const all = Object.values(VectorStoreQueryMode)
      assert.deepEqual(all.toSorted(), [...answered, ...refused].toSorted())
      for (const mode of answered) {
        const { ids } = await query('brot', 1, { mode, queryStr: 'brot' })
        assert.deepEqual(ids, ['brot'], mode)
      }
      for (const mode of refused) {
        const message = new RegExp(`mode.*${mode}.*default`)
        await assert.rejects(query('bread', 1, { mode }), { code: 'VEC_OPTION', message })
      }
    })

    for (const [given, expected] of filters) {
      test(`filters before it chooses: ${JSON.stringify(given)}`, async () => {
        const { ids } = await query('bread', expected.length || 1, { filters: given })
        assert.deepEqual(ids.toSorted(), expected)
        assert.equal(
          (await query('zinc', 1, { filters: given })).ids.length,
          Math.min(1, expected.length),
        )
      })
    }

    test('docIds are the ids of source documents', async () => {
      assert.deepEqual((await query('brot', 9, { docIds: ['a.md'] })).ids.toSorted(), [
        'beard',
        'bread',
      ])
      const both = { docIds: ['a.md', 'b.md'], filters: one('lang', '==', 'de') }
      assert.deepEqual((await query('bread', 9, both)).ids, ['brot'])
      assert.deepEqual((await query('bread', 9, { docIds: [] })).ids, [])
    })

    test('the same id replaces, all or none', async () => {
      assert.deepEqual(await store.add([await node('brot', 'toast', { lang: 'en' })]), ['brot'])
      assert.equal(await collectionOf(store).count(), 4)
      assert.deepEqual(texts((await query('toast', 1)).nodes), ['toast'])
      const wrong = new TextNode({ id_: 'wrong', text: 'x', embedding: [1, 2] })
      await assert.rejects(store.add([await node('new', 'new', {}), wrong]), {
        code: 'VEC_DIMENSION',
      })
      await assert.rejects(store.add([new TextNode({ text: 'x' })]), /Embedding not set/)
      assert.equal(await collectionOf(store).count(), 4)
      assert.deepEqual(await store.add([]), [])
    })

    test('deletes the nodes of a source document', async () => {
      await store.delete('a.md')
      await store.delete('unknown.md')
      assert.deepEqual((await query('bread', 9)).ids.toSorted(), ['brot', 'zinc'])
      await assert.rejects(store.delete(undefined as never), /refDocId is undefined/)
    })

    test('each mode ranks in its own way', async () => {
      await store.add([await node('dog', 'a lazy dog', {}), await node('god', 'god yazl a', {})])
      const sparse = await store.query({ queryStr: 'lazy', similarityTopK: 5, mode: SPARSE })
      assert.deepEqual(texts(sparse.nodes), ['a lazy dog'])
      const hybrid = { mode: HYBRID, queryStr: 'lazy dog' }
      assert.deepEqual((await query('lazy dog', 1, hybrid)).ids, ['dog'])
      // The vector alone, and the words alone.
      assert.deepEqual((await query('zinc', 1, { ...hybrid, alpha: 1 })).ids, ['zinc'])
      assert.deepEqual((await query('zinc', 1, { ...hybrid, alpha: 0 })).ids, ['dog'])
      const filtered = { ...hybrid, filters: one('lang', '==', 'de') }
      assert.deepEqual((await query('lazy dog', 2, filtered)).ids, ['brot'])
      assert.deepEqual((await query('bread', 2, { mode: MMR, mmrThreshold: 0 })).ids.length, 2)
      assert.deepEqual((await query('bread', 2, { mode: MMR, mmrThreshold: 1 })).ids, [
        'beard',
        'bread',
      ])
      const diverse = await query('bread', 2, { mode: MMR, mmrThreshold: 0 })
      assert.equal(diverse.ids.includes('beard') && diverse.ids.includes('bread'), false)
      const near = await query('bread', 9, { customParams: { minScore: 0.99 } })
      assert.deepEqual(near.ids, ['beard', 'bread'])
      for (const mode of ['svm', 'linear_regression', 'semantic_hybrid', undefined]) {
        await assert.rejects(query('bread', 1, { mode }), { code: 'VEC_OPTION' })
      }
    })

    test('a store that was never written to finds nothing, and makes no table', async () => {
      const empty = new SqliteVectorStore({ db, table: 'later', embedModel })
      const { nodes, ids } = await empty.query({
        queryEmbedding: [1],
        similarityTopK: 1,
        mode: DEFAULT,
      })
      assert.deepEqual([nodes, ids], [[], []])
      await empty.delete('a.md')
      assert.equal(await countTables(db, 'later'), 0)
    })

    test('datasets are apart, and another model is refused in one', async () => {
      const other = new SqliteVectorStore({
        db,
        table: 'docs',
        dataset: 'other',
        model: 'm1',
        embedModel,
      })
      assert.deepEqual(
        (await other.query({ queryEmbedding: [1], similarityTopK: 1, mode: DEFAULT })).ids,
        [],
      )
      await other.add([await node('a', 'a', {})])
      const foreign = new SqliteVectorStore({
        db,
        table: 'docs',
        dataset: 'other',
        model: 'm2',
        embedModel,
      })
      await assert.rejects(foreign.add([await node('b', 'b', {})]), { code: 'VEC_MODEL' })
    })

    test('wrong arguments say what was expected', async () => {
      assert.throws(
        () => new SqliteVectorStore({ db: open(':memory:') as never, table: 'docs' }),
        /await/,
      )
      assert.throws(() => new SqliteVectorStore({ db } as never), /table is undefined/)
      assert.throws(() => new SqliteVectorStore({ db, tabel: 'docs' } as never), /tabel/)
      const wrong: [call: () => Promise<unknown>, message: RegExp][] = [
        [async () => store.add('x' as never), /embeddingResults is .*expected an array of nodes/],
        [async () => store.add([{} as never]), /embeddingResults\[0\] is .*expected a node/],
        [async () => query('bread', 0), /similarityTopK is 0/],
        [async () => store.query({ similarityTopK: 1, mode: DEFAULT }), /neither of them/],
        [async () => store.query({ similarityTopK: 1, mode: SPARSE }), /has no text/],
        [
          async () => query('bread', 1, { filters: { filters: 'x' } }),
          /filters\.filters is .*expected an array/,
        ],
        [
          async () =>
            query('bread', 1, {
              filters: { filters: [{ key: 'a', operator: 'like', value: 'b' }] },
            }),
          /like/,
        ],
        [
          async () => query('bread', 1, { filters: { filters: [{ operator: '==', value: 'b' }] } }),
          /key is undefined/,
        ],
        [
          async () => query('bread', 1, { filters: one('a', 'all', 'b') }),
          /filters\[0\]\.value is .*expected an array/,
        ],
        [async () => query('bread', 1, { filters: one('a', '==') }), /filter\.\$and\[0\]\.a\.\$eq/],
        [async () => query('bread', 1, { filters: { filters: [], condition: 'xor' } }), /xor/],
      ]
      for (const [call, message] of wrong) await assert.rejects(call(), message)
    })

    seededTest('COLLECTION_SEED')(
      'finds what a scan in double precision finds',
      async (_t, seed) => {
        const next = seeded(seed)
        const vector = (): number[] => Array.from({ length: 24 }, () => next() - 0.5)
        const vectors = Array.from({ length: 300 }, vector)
        const large = new SqliteVectorStore({ db, table: 'large', words: false, embedModel })
        await large.add(
          vectors.map(
            (embedding, i) =>
              new TextNode({
                id_: `n${i}`,
                text: `text ${i}`,
                embedding,
                metadata: { year: i % 10 },
              }),
          ),
        )
        for (let n = 0; n < 20; n++) {
          const queryEmbedding = vector()
          const expected = vectors
            .map((row, i) => ({
              id: `n${i}`,
              score: exactSimilarity(
                'cosine',
                Float32Array.from(queryEmbedding),
                Float32Array.from(row),
              ),
            }))
            .filter((_, i) => i % 10 < 5)
            .toSorted((a, b) => b.score - a.score)
          const { ids, similarities } = await large.query({
            queryEmbedding,
            similarityTopK: 7,
            mode: DEFAULT,
            filters: one('year', '<', 5),
          })
          assert.equal(ids.length, 7)
          for (const [i, score] of similarities.entries()) {
            assert.ok(Math.abs(score - expected[i].score) < 1e-6, `place ${i}`)
            assert.ok(expected.some(hit => hit.id === ids[i] && Math.abs(hit.score - score) < 1e-6))
          }
        }
      },
    )
  })
