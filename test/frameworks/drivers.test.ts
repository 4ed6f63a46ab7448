import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { Document } from '@langchain/core/documents'
import { SyntheticEmbeddings } from '@langchain/core/utils/testing'
import { TextNode } from '@llamaindex/core/schema'
import { VectorStoreQueryMode } from '@llamaindex/core/vector-store'
import { SqliteRecordManager, SqliteVecStore } from '../../src/entries/langchain.ts'
import { SqliteVectorStore } from '../../src/entries/llamaindex.ts'
import { SqliteVector } from '../../src/entries/mastra.ts'
import { DRIVERS, type Driver, type Handle } from '../attach/handles.ts'

const folder = mkdtempSync(join(tmpdir(), 'frameworks-'))
after(() => rmSync(folder, { recursive: true }))

/** Runs `work` on a handle, and again on another one of the same file. */
async function twice(
  driver: Driver,
  file: string,
  work: (db: Handle, again: boolean) => Promise<void>,
): Promise<void> {
  const path = join(folder, `${driver.name.replaceAll(/\W/g, '-')}-${file}.sqlite`)
  for (const again of [false, true]) {
    const db = driver.connect(path)
    await work(db, again)
    db.close()
  }
}

for (const driver of DRIVERS) {
  describe(`the stores of frameworks over ${driver.name}`, { skip: driver.skip }, () => {
    test('LangChain', async () => {
      await twice(driver, 'langchain', async (db, again) => {
        const embeddings = new SyntheticEmbeddings({ vectorSize: 8 })
        const store = new SqliteVecStore(embeddings, { db, table: 'notes', mode: 'hybrid' })
        if (!again) {
          await store.addDocuments([
            new Document({ id: 'a', pageContent: 'ripe tomatoes', metadata: { lang: 'en' } }),
            new Document({ id: 'b', pageContent: 'reife Tomaten', metadata: { lang: 'de' } }),
          ])
        }
        const found = await store.similaritySearch('tomatoes', 1, { lang: 'en' })
        assert.deepEqual(
          found.map(({ id }) => id),
          ['a'],
        )
        store.collection.close()
        const records = new SqliteRecordManager({ db, namespace: 'notes' })
        await records.createSchema()
        if (!again) await records.update(['k'], { groupIds: ['g'] })
        assert.deepEqual(await records.exists(['k', 'l']), [true, false])
        assert.deepEqual(await records.listKeys({ groupIds: ['g'] }), ['k'])
      })
    })

    test('LlamaIndex', async () => {
      await twice(driver, 'llamaindex', async (db, again) => {
        const embedModel = {} as never
        const store = new SqliteVectorStore({ db, table: 'notes', embedModel })
        if (!again) {
          await store.add([
            new TextNode({
              id_: 'a',
              text: 'ripe tomatoes',
              embedding: [1, 0],
              metadata: { year: 1 },
            }),
            new TextNode({
              id_: 'b',
              text: 'green apples',
              embedding: [0, 1],
              metadata: { year: 2 },
            }),
          ])
        }
        const filters = { filters: [{ key: 'year', operator: '>=' as const, value: 1 }] }
        const query = { queryEmbedding: [1, 0.1], queryStr: 'apples', similarityTopK: 1, filters }
        const { DEFAULT, SPARSE } = VectorStoreQueryMode
        assert.deepEqual((await store.query({ ...query, mode: DEFAULT })).ids, ['a'])
        assert.deepEqual((await store.query({ ...query, mode: SPARSE })).ids, ['b'])
        assert.equal(store.client(), db)
        store.collection.close()
      })
    })

    test('Mastra', async () => {
      await twice(driver, 'mastra', async (db, again) => {
        const store = new SqliteVector({ db, textField: 'text' })
        const metrics = ['cosine', 'euclidean'] as const
        for (const metric of metrics) {
          const indexName = `of ${metric}`
          if (!again) {
            await store.createIndex({ indexName, dimension: 2, metric })
            const metadata = [{ text: 'ripe tomatoes' }, { text: 'green apples' }]
            await store.upsert({
              indexName,
              vectors: [
                [1, 0],
                [9, 9],
              ],
              metadata,
              ids: ['a', 'b'],
            })
          }
          const [near] = await store.query({ indexName, queryVector: [2, 1.9] })
          assert.equal(near.id, metric === 'cosine' ? 'b' : 'a')
          const filter = { text: { $regex: '^green' } }
          assert.deepEqual(
            (await store.query({ indexName, text: 'apples', filter })).map(({ id }) => id),
            ['b'],
          )
        }
        assert.deepEqual(
          await store.listIndexes(),
          metrics.map(metric => `of ${metric}`),
        )
        if (again) await store.deleteIndex({ indexName: 'of cosine' })
        store.close()
      })
    })
  })
}
