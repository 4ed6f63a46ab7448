import { join } from 'node:path'
import {
  createAutoIndex,
  createCoverIndex,
  createExactIndex,
  exactSimilarity,
} from '../../src/entries/indexes.ts'
import { decodeEmbedding, encodeEmbedding, open, type Connection } from '../../src/entries/main.ts'
import {
  createDataset,
  createWriter,
  installUpstream,
  sqliteUpstream,
} from '../../src/entries/vecsync.ts'
import {
  cosine,
  dot,
  embeddingToJson,
  euclidean,
  magnitude,
  manhattan,
  parseVectorText,
  Store,
  type VectorInput,
} from '../../src/entries/vector.ts'
import {
  Collection,
  embedEach,
  embedText,
  embedTexts,
  matchText,
  upsertShadowDocument,
  upsertShadowDocuments,
  upsertVirtualTableDocument,
  type ShadowDocument,
} from '../../src/entries/vecutil.ts'

/** A place where a caller gives a vector. */
export interface VectorPlace {
  readonly name: string
  readonly takes: readonly ('numbers' | 'bytes' | 'none' | 'text')[]
  /** Values by name that this place treats in its own way, each with the reason. */
  readonly except?: Readonly<Record<string, string>>
  /** Names of values that are refused here alone. */
  readonly refuses?: readonly string[]
  /** Gives it a value; what was read, as far as that can be seen. */
  give(value: unknown): unknown
}

type Embedding = NonNullable<ShadowDocument['embedding']>

/** For TypeScript; what is really given is the test's business. */
const vector = (value: unknown): VectorInput => value as VectorInput
const embedding = (value: unknown): Embedding => value as Embedding
const embedder = (value: unknown) => async () => [vector(value)]
const first = [1, 0]
const second = [0, 1]

/** All places, on databases of their own, in which dataset 'd' of `docs` holds vectors of two numbers. */
export async function vectorPlaces(folder: string): Promise<VectorPlace[]> {
  const db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  db.exec("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('d', 'x', '[1, 0.5]')")
  return [
    ...functions(),
    ...indexes(),
    ...embedFunctions(db),
    ...documents(db),
    ...sql(db),
    ...(await sync(folder)),
  ]
}

const stored = await open(':memory:', { register: false })
const store = () => new Store(stored)

function functions(): VectorPlace[] {
  return [
    {
      name: 'encodeEmbedding()',
      takes: ['numbers'],
      give: v => decodeEmbedding(encodeEmbedding(vector(v))),
    },
    {
      name: 'decodeEmbedding()',
      takes: ['bytes'],
      except: {
        'bytes of NaN': 'what a file holds is told as it is',
        'no bytes': 'the original writes an empty BLOB for a document without an embedding',
      },
      give: v => decodeEmbedding(v as Uint8Array),
    },
    {
      name: 'embeddingToJson()',
      takes: ['numbers'],
      except: {
        'NaN in a Float32Array': 'a decoded embedding may hold it',
        'an empty Float32Array': 'a decoded embedding may be empty',
        'a Float32Array that was transferred': 'it is an empty one',
      },
      give: v => JSON.parse(embeddingToJson(vector(v))) as number[],
    },
    {
      name: 'dot(v, )',
      takes: ['numbers'],
      give: v => [dot(vector(v), first), dot(vector(v), second)],
    },
    {
      name: 'dot( , v)',
      takes: ['numbers'],
      give: v => [dot(first, vector(v)), dot(second, vector(v))],
    },
    { name: 'magnitude()', takes: ['numbers'], give: v => [magnitude(vector(v)) ** 2 - 0.25, 0.5] },
    { name: 'cosine(v, )', takes: ['numbers'], give: v => [cosine(vector(v), [2, 1]), 0.5] },
    { name: 'cosine( , v)', takes: ['numbers'], give: v => [cosine([2, 1], vector(v)), 0.5] },
    {
      name: 'euclidean(v, )',
      takes: ['numbers'],
      give: v => [euclidean(vector(v), [1, 1.5]), 0.5],
    },
    {
      name: 'euclidean( , v)',
      takes: ['numbers'],
      give: v => [euclidean([1, 1.5], vector(v)), 0.5],
    },
    {
      name: 'manhattan(v, )',
      takes: ['numbers'],
      give: v => [manhattan(vector(v), [1, 1.5]), 0.5],
    },
    {
      name: 'manhattan( , v)',
      takes: ['numbers'],
      give: v => [manhattan([1, 1.5], vector(v)), 0.5],
    },
    {
      name: 'exactSimilarity( , v, )',
      takes: ['numbers'],
      give: v => [exactSimilarity('dot', vector(v), first), 0.5],
    },
    {
      name: 'exactSimilarity( , , v)',
      takes: ['numbers'],
      give: v => [exactSimilarity('dot', first, vector(v)), 0.5],
    },
    {
      name: 'parseVectorText()',
      takes: ['text'],
      give: v => parseVectorText(v as string),
    },
    {
      name: 'Store.addDocuments()',
      takes: ['numbers', 'bytes', 'none'],
      give: v => {
        const [id] = store().addDocuments([{ embedding: embedding(v) }])
        const bytes = stored.prepare('SELECT embedding FROM docs WHERE id = ?').pluck().get(id)
        stored.exec('DELETE FROM docs')
        return bytes && decodeEmbedding(bytes as Uint8Array)
      },
    },
    {
      name: 'Store.similaritySearch()',
      takes: ['numbers'],
      give: v => {
        store().addDocuments([{ id: 'x', embedding: [2, 1] }])
        try {
          return [store().similaritySearch(vector(v), 1)[0].score, 0.5]
        } finally {
          store().remove('x')
        }
      },
    },
  ]
}

function indexes(): VectorPlace[] {
  return [createExactIndex, createCoverIndex, createAutoIndex].flatMap(create => {
    const filled = () => {
      const index = create({ metric: 'euclidean', dim: 2 })
      index.stagingBuffer(1).set([1, 0.5])
      index.commit(1)
      return index
    }
    return [
      {
        name: `${create.name}: search()`,
        takes: ['numbers' as const],
        give: (v: unknown) => {
          const index = filled()
          index.search({ query: v as Float32Array, k: 1 })
          return [1 + index.inMemoryVectors!.similarity(0), 0.5]
        },
      },
      {
        name: `${create.name}: holds()`,
        takes: ['numbers' as const],
        give: (v: unknown) => [Number(filled().holds(0, v as Float32Array)), 0.5],
      },
    ]
  })
}

/** What an embed function returns. */
function embedFunctions(db: Connection): VectorPlace[] {
  const collection = (v: unknown) =>
    new Collection(db, { table: 'docs', dataset: 'd', embed: embedder(v), model: 'm' })
  const row = () => {
    const bytes = db.prepare("SELECT embedding FROM _vec_docs WHERE id = 'y'").pluck().get()
    db.exec("DELETE FROM _vec_docs WHERE id = 'y'")
    return decodeEmbedding(bytes as Uint8Array)
  }
  const document = { id: 'y', content: 'text' }
  return [
    {
      name: 'embedTexts()',
      takes: ['numbers'],
      give: async v => decodeEmbedding((await embedTexts(embedder(v), ['a']))[0]),
    },
    {
      name: 'embedText()',
      takes: ['numbers'],
      give: async v => decodeEmbedding(await embedText(embedder(v), 'a')),
    },
    {
      name: 'embedEach()',
      takes: ['numbers'],
      except: {
        'a Promise': 'it is awaited',
        'a thenable': 'it is awaited, and never comes',
      },
      give: async v =>
        decodeEmbedding(
          await embedText(
            embedEach(async () => vector(v)),
            'a',
          ),
        ),
    },
    {
      name: 'matchText()',
      takes: ['numbers'],
      give: async v =>
        (await matchText(db, 'docs', 'd', embedder(v), 'a'))[0] === 'x' ? [1, 0.5] : undefined,
    },
    {
      name: 'Collection.queryText()',
      takes: ['numbers'],
      give: async v => [(await collection(v).queryText('a', 1))[0].score, 0.5],
    },
    {
      name: 'Collection.upsertDocumentsText()',
      takes: ['numbers'],
      give: async v => {
        await collection(v).upsertDocumentsText([document])
        return row()
      },
    },
    {
      name: 'upsertShadowDocument() with embed',
      takes: ['numbers'],
      give: async v => {
        await upsertShadowDocument(db, '_vec_docs', 'd', document, { embed: embedder(v) })
        return row()
      },
    },
    {
      name: 'upsertShadowDocuments() with embed',
      takes: ['numbers'],
      give: async v => {
        await upsertShadowDocuments(db, '_vec_docs', 'd', [document], { embed: embedder(v) })
        return row()
      },
    },
    {
      name: 'upsertVirtualTableDocument() with embed',
      takes: ['numbers'],
      give: async v => {
        await upsertVirtualTableDocument(db, 'docs', 'd', document, { embed: embedder(v) })
        return row()
      },
    },
  ]
}

function documents(db: Connection): VectorPlace[] {
  const row = () => {
    const bytes = db.prepare("SELECT embedding FROM _vec_docs WHERE id = 'z'").pluck().get()
    db.exec("DELETE FROM _vec_docs WHERE id = 'z'")
    return bytes && decodeEmbedding(bytes as Uint8Array)
  }
  const takes = ['numbers', 'bytes', 'none'] as const
  return [
    {
      name: 'upsertShadowDocument()',
      takes,
      give: v => {
        upsertShadowDocument(db, '_vec_docs', 'd', { id: 'z', embedding: embedding(v) })
        return row()
      },
    },
    {
      name: 'upsertShadowDocuments()',
      takes,
      give: v => {
        upsertShadowDocuments(db, '_vec_docs', 'd', [{ id: 'z', embedding: embedding(v) }])
        return row()
      },
    },
    {
      name: 'upsertVirtualTableDocument()',
      takes,
      give: v => {
        upsertVirtualTableDocument(db, 'docs', 'd', { id: 'z', embedding: embedding(v) })
        return row()
      },
    },
  ]
}

/** Its functions read a JSON array alone. */
const SQLITE_VEC_REFUSES = ['numbers with commas', 'base64']

/** SQL takes a vector as text or as a BLOB; what may be bound as a BLOB is the engine's business. */
function sql(db: Connection): VectorPlace[] {
  const ask = (text: string, value: unknown) => {
    const found = db
      .prepare(text)
      .pluck()
      .get(value as string)
    return typeof found === 'string' ? (JSON.parse(found) as number[]) : found
  }
  const takes = ['text', 'bytes'] as const
  return [
    {
      name: 'vec_json(?)',
      takes,
      refuses: SQLITE_VEC_REFUSES,
      except: { 'bytes of NaN': 'it shows what is stored' },
      give: v => ask('SELECT vec_json(?)', v),
    },
    {
      name: 'vec_f32(?)',
      takes,
      refuses: SQLITE_VEC_REFUSES,
      except: { 'bytes of NaN': 'as in sqlite-vec' },
      give: v => ask('SELECT vec_json(vec_f32(?))', v),
    },
    {
      name: 'MATCH ?',
      takes,
      give: v => {
        const query = "SELECT match_score FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ?"
        return [ask(query, v), 0.5]
      },
    },
    {
      name: 'INSERT ... VALUES (?)',
      takes,
      give: v => {
        db.prepare("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('d', 'w', ?)").run(
          v as string,
        )
        try {
          return ask(
            "SELECT vec_json(embedding) FROM docs WHERE dataset_id = 'd' AND doc_id = ?",
            'w',
          )
        } finally {
          db.exec("DELETE FROM docs WHERE dataset_id = 'd' AND doc_id = 'w'")
        }
      },
    },
  ]
}

async function sync(folder: string): Promise<VectorPlace[]> {
  const path = join(folder, 'upstream.sqlite')
  const upstream = sqliteUpstream(() => open(path, { register: false }))
  await installUpstream(upstream, { capture: 'app' })
  await createDataset(upstream, 'd')
  const writer = createWriter({ upstream })
  return [
    {
      name: 'batch.upsert() of vecsync',
      takes: ['numbers', 'bytes', 'none'],
      give: async v => {
        await writer.tx('d', batch => batch.upsert({ id: 'x', embedding: embedding(v) }))
        using db = await open(path, { register: false })
        const bytes = db
          .prepare("SELECT embedding FROM shadow_vec_docs WHERE id = 'x'")
          .pluck()
          .get()
        return bytes && decodeEmbedding(bytes as Uint8Array)
      },
    },
  ]
}
