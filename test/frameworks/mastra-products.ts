import { SqliteVector } from '../../src/entries/mastra.ts'
import type { TestedDatabase } from './databases.ts'

export const PRODUCTS: Record<string, unknown>[] = [
  {
    name: 'Lamp',
    price: 10,
    tags: ['new', 'sale'],
    open: true,
    reviews: [{ score: 5, by: 'ann' }],
  },
  { name: 'Desk', price: 80, tags: ['sale'], open: false, maker: { city: 'Ulm' } },
  {
    name: 'Sofa',
    price: 200,
    tags: [],
    reviews: [
      { score: 3, by: 'ann' },
      { score: 5, by: 'bob' },
    ],
  },
  { name: 'Book', price: null, open: true },
]
const VECTORS = [
  [1, 0, 0],
  [0.9, 0.1, 0],
  [0, 1, 0],
  [0, 0, 1],
]

export const indexName = 'products'

/** A store with an index of four products. */
export async function productStore(db: TestedDatabase): Promise<SqliteVector<TestedDatabase>> {
  const store = new SqliteVector({ db })
  await store.createIndex({ indexName, dimension: 3 })
  const ids = ['lamp', 'desk', 'sofa', 'book']
  await store.upsert({ indexName, vectors: VECTORS, metadata: PRODUCTS, ids })
  return store
}
