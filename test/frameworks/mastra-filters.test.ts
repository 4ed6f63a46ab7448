import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { SqliteVector, SqliteVectorFilter } from '../../src/entries/mastra.ts'
import { DATABASES, type TestedDatabase } from './databases.ts'
import { indexName, productStore } from './mastra-products.ts'

for (const { name: opened, fresh } of DATABASES)
  describe(`filters of SqliteVector over ${opened}`, () => {
    let store: SqliteVector<TestedDatabase>
    before(async () => {
      store = await productStore(await fresh())
    })

    const ids = async (filter?: SqliteVectorFilter): Promise<string[]> => {
      const found = await store.query({ indexName, queryVector: [1, 0, 0], topK: 9, filter })
      return found.map(({ id }) => id)
    }

    const filters: [filter: SqliteVectorFilter, expected: string[]][] = [
      [null, ['book', 'desk', 'lamp', 'sofa']],
      [{}, ['book', 'desk', 'lamp', 'sofa']],
      [{ name: 'Lamp' }, ['lamp']],
      [{ name: ['Lamp', 'Sofa'] }, ['lamp', 'sofa']],
      [{ price: { $gt: 10, $lte: 200 } }, ['desk', 'sofa']],
      [{ price: { $gte: 10 }, open: true }, ['lamp']],
      [{ price: null }, ['book']],
      [{ price: { $ne: null } }, ['desk', 'lamp', 'sofa']],
      [{ price: { $in: [10, 80] } }, ['desk', 'lamp']],
      [{ price: { $nin: [10, 80] } }, ['book', 'sofa']],
      [{ open: { $exists: false } }, ['sofa']],
      [{ tags: { $all: ['new', 'sale'] } }, ['lamp']],
      [{ tags: { $all: 'sale' as never } }, ['desk', 'lamp']],
      [{ tags: { $contains: 'sale' } }, ['desk', 'lamp']],
      [{ tags: { $size: 0 } }, ['sofa']],
      [{ name: { $contains: 'oo' } }, ['book']],
      [{ name: { $startsWith: 'L' } }, ['lamp']],
      [{ reviews: { $elemMatch: { score: { $gte: 4 }, by: 'bob' } } }, ['sofa']],
      [{ reviews: { $elemMatch: { score: { $lt: 3 } } } }, []],
      [{ 'maker.city': 'Ulm' }, ['desk']],
      [{ maker: { city: 'Ulm' } as never }, ['desk']],
      [{ maker: { city: { $regex: '^U' } } as never }, ['desk']],
      [{ name: { $regex: '^[K-M]' } }, ['lamp']],
      [{ name: { $regex: 'LAMP', $options: 'i' } }, ['lamp']],
      [{ name: { $regex: '(?i)LAMP' } }, ['lamp']],
      [{ name: { $regex: /s/gi } }, ['desk', 'sofa']],
      [{ name: /^.o/ as never }, ['book', 'sofa']],
      [{ name: { $not: /o/ } }, ['desk', 'lamp']],
      [{ tags: { $regex: 'al' } }, ['desk', 'lamp']],
      [{ name: { $regex: 'no such' } }, []],
      // A negated order comparison needs the field, any other one does not.
      [{ price: { $not: { $gt: 50 } } }, ['lamp']],
      [{ open: { $not: { $eq: false } } }, ['book', 'lamp', 'sofa']],
      [{ name: { $not: { $ne: 'Lamp' } } }, ['lamp']],
      [{ tags: { $not: { $all: ['sale'] } } }, ['book', 'sofa']],
      [{ $not: { name: 'Lamp', price: 10 } }, ['book', 'desk', 'sofa']],
      [{ $nor: [] }, ['book', 'desk', 'lamp', 'sofa']],
      [{ $or: [] }, []],
      [{ $not: { $or: [] } }, ['book', 'desk', 'lamp', 'sofa']],
      [{ tags: { $all: [] } }, []],
      [{ $nor: [{ name: 'Lamp' }, { open: false }] }, ['book', 'sofa']],
      [{ $or: [{ name: { $regex: '^L' } }, { price: { $gt: 100 } }] }, ['lamp', 'sofa']],
      [{ $and: [{ open: true }], price: 10 }, ['lamp']],
    ]
    for (const [filter, expected] of filters) {
      test(`filters before it chooses: ${JSON.stringify(filter)}`, async () => {
        assert.deepEqual((await ids(filter)).toSorted(), expected)
      })
    }

    test('a filter that cannot be read is refused by its position', async () => {
      const wrong: [filter: object, message: RegExp][] = [
        [{ price: { $near: 1 } }, /filter\.price\.\$near: unknown operator/],
        [{ $where: 'x' }, /filter\.\$where: unknown operator/],
        [{ $and: 'x' }, /filter\.\$and: expected an array/],
        [{ price: { $gt: [1] } }, /filter\.price\.\$gt/],
        [{ price: { $not: {} } }, /filter\.price\.\$not: expected a value or operators/],
        [{ price: {} }, /filter\.price/],
        [{ name: { $regex: '(' } }, /filter\.name has an invalid \$regex/],
        [{ name: { $regex: 5 } }, /filter\.name has \$regex that is neither/],
        [{ name: { $options: 'i' } }, /filter\.name has \$options without/],
        [{ name: { $regex: 'a', $options: 'q' } }, /invalid \$regex/],
      ]
      for (const [filter, message] of wrong) {
        await assert.rejects(ids(filter as never), { code: 'VEC_FILTER', message })
      }
      await assert.rejects(ids('price > 1' as never), /filter is .*expected a filter/)
      let deep: object = { name: 'Lamp' }
      for (let i = 0; i < 100_000; i++) deep = { $and: [deep, { open: true }] }
      await assert.rejects(ids(deep as never), { code: 'VEC_FILTER', message: /at most 50/ })
    })
  })
