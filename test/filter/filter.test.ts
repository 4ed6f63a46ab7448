import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { inspect } from 'node:util'
import { compileFilter, type FilterTarget } from '../../src/core/filter/compile-filter.ts'
import type { Condition } from '../../src/core/filter/condition.ts'
import type { Filter } from '../../src/core/filter/filter.ts'
import { parseFilter } from '../../src/core/filter/parse-filter.ts'
import { open, type Connection } from '../../src/entries/main.ts'
import { refused } from '../refusal.ts'
import { holds } from './oracle.ts'

let db: Connection

before(async () => {
  db = await open(':memory:')
  db.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, meta, lang TEXT, year INTEGER, tags TEXT)')
})

const jsonOnly: FilterTarget = { json: 't.meta', column: () => undefined }

/** Ids of the rows that SQL finds. */
function found(condition: Condition, target: FilterTarget = jsonOnly): number[] {
  const { sql, parameters } = compileFilter(condition, target)
  return db
    .prepare(`SELECT id FROM t WHERE ${sql} ORDER BY id`)
    .pluck()
    .all(...parameters) as number[]
}

function fill(metas: readonly unknown[]): void {
  db.exec('DELETE FROM t')
  const insert = db.prepare('INSERT INTO t(id, meta) VALUES (?, ?)')
  metas.forEach((meta, id) => {
    insert.run(id, meta === undefined ? 'not { json' : JSON.stringify(meta))
  })
}

function agrees(filter: unknown, metas: readonly unknown[]): number[] {
  const condition = parseFilter(filter)
  const rows = found(condition)
  const wanted = metas.flatMap((meta, id) => (holds(condition, meta) ? [id] : []))
  assert.deepEqual(rows, wanted, inspect(filter, { depth: 9 }))
  return rows
}

const METAS: readonly unknown[] = [
  { lang: 'en', year: 2020, price: 1.5, tags: ['x', 'y'], ok: true, author: { name: 'Ann' } },
  { lang: 'de', year: 2021, tags: [], ok: false, author: { name: 'Bob', age: 5 } },
  { lang: 'EN', year: '2020', tags: 'x', ok: 1, author: 'Ann' },
  { lang: null, year: null, tags: null, ok: null, author: null },
  {},
  undefined,
  [1, 2],
  'text',
  5,
  {
    lang: ['en', 'fr'],
    year: [1999, 2022],
    tags: [1, '1', null, true, ['x']],
    author: [{ name: 'Ann' }],
  },
  { lang: '', year: 0, tags: { x: 'x' }, ok: 'true' },
  {
    'a.b': 1,
    a: { b: 2 },
    "it's": 1,
    'sp ace': 'ä',
    'back\\slash': 1,
    'quo"te': 1,
    'new\nline': 1,
    '': 3,
    0: 'zero',
  },
  { lang: 'english', year: 2020.0, price: -0.0 },
  { lang: 'e%_', year: 9007199254740991, price: 1e300 },
]

const CASES: readonly [filter: unknown, ids: readonly number[]][] = [
  [{}, METAS.map((_, id) => id)],
  [{ lang: 'en' }, [0, 9]],
  [{ lang: { $eq: 'en' } }, [0, 9]],
  [{ lang: { $ne: 'en' } }, [1, 2, 3, 4, 6, 7, 8, 10, 11, 12, 13]],
  [{ year: 2020 }, [0, 12]],
  [{ year: { $gte: 2020 } }, [0, 1, 9, 12, 13]],
  // Each operator may be met by another element of an array.
  [{ year: { $gt: 2020, $lt: 2022 } }, [1, 9]],
  [{ year: { $lte: 0 } }, [10]],
  [{ year: '2020' }, [2]],
  [{ year: { $gt: '2' } }, [2]],
  [{ lang: { $in: ['en', 'de'] } }, [0, 1, 9]],
  [{ lang: { $in: [] } }, []],
  [{ lang: { $nin: ['en', 'de'] } }, [2, 3, 4, 6, 7, 8, 10, 11, 12, 13]],
  [{ lang: { $nin: [] } }, METAS.flatMap((meta, id) => (meta === undefined ? [] : [id]))],
  [{ lang: null }, [3, 4, 6, 7, 8, 11]],
  [{ lang: { $in: ['de', null] } }, [1, 3, 4, 6, 7, 8, 11]],
  [{ lang: { $ne: null } }, [0, 1, 2, 9, 10, 12, 13]],
  [{ lang: { $exists: true } }, [0, 1, 2, 9, 10, 12, 13]],
  [{ lang: { $exists: false } }, [3, 4, 6, 7, 8, 11]],
  [{ ok: true }, [0]],
  [{ ok: { $in: [true, false] } }, [0, 1]],
  [{ ok: 1 }, [2]],
  [{ tags: { $contains: 'x' } }, [0, 2]],
  [{ tags: { $contains: 1 } }, [9]],
  [{ tags: { $contains: true } }, [9]],
  [{ lang: { $contains: 'ng' } }, [12]],
  [{ lang: { $startsWith: 'en' } }, [0, 9, 12]],
  [{ lang: { $startsWith: '' } }, [0, 1, 2, 9, 10, 12, 13]],
  [{ lang: { $startsWith: 'e%' } }, [13]],
  [{ 'author.name': 'Ann' }, [0]],
  [{ 'author.age': { $lt: 10 } }, [1]],
  [{ 'a.b': 2 }, [11]],
  [{ "it's": 1 }, [11]],
  [{ 'sp ace': 'ä' }, [11]],
  [{ 'back\\slash': 1, 'quo"te': 1, 'new\nline': 1 }, [11]],
  [{ 0: 'zero' }, [11]],
  [{ $or: [{ lang: 'de' }, { year: { $lt: 1 } }] }, [1, 10]],
  [{ $and: [{ lang: 'en' }, { year: 2020 }] }, [0]],
  [{ $and: [] }, METAS.map((_, id) => id)],
  [{ $or: [] }, []],
  [{ $nor: [{ lang: 'en' }, { lang: 'de' }] }, [2, 3, 4, 6, 7, 8, 10, 11, 12, 13]],
  [{ $not: { lang: 'en', year: 2020 } }, [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13]],
  [{ year: { $not: { $gte: 2020 } } }, [2, 3, 4, 6, 7, 8, 10, 11]],
  [{ tags: { $all: ['x', 'y'] } }, [0]],
  [{ tags: { $all: ['x'] } }, [0, 2]],
  [{ tags: { $all: [] } }, []],
  [{ tags: { $size: 2 } }, [0]],
  [{ tags: { $size: 0 } }, [1]],
  [{ tags: { $not: { $size: 0 } } }, [0, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13]],
  // An element that is an array matches if one of its elements does.
  [{ tags: { $elemMatch: { $eq: 'x' } } }, [0, 9]],
  [{ tags: { $elemMatch: { $startsWith: '', $ne: 'x' } } }, [0, 9]],
  [{ tags: { $elemMatch: { $contains: 'x' } } }, [0, 9]],
  [{ tags: { $elemMatch: { $elemMatch: { $eq: 'x' } } } }, [9]],
  [{ tags: { $elemMatch: { $exists: false } } }, [9]],
  // One element meets both comparisons, other than without $elemMatch.
  [{ year: { $elemMatch: { $gt: 2020, $lt: 2022 } } }, []],
  [{ author: { $elemMatch: { name: 'Ann' } } }, [9]],
  [{ author: { $elemMatch: { $or: [{ name: 'Bob' }, { name: { $ne: 'Bob' } }] } } }, [9]],
  [{ author: { $elemMatch: {} } }, [9]],
  [{ price: 0 }, [12]],
  [{ year: 9007199254740991n }, [13]],
]

test('each operator finds the rows that it should', () => {
  fill(METAS)
  for (const [filter, ids] of CASES) {
    const rows = agrees(filter, METAS)
    assert.deepEqual(rows, ids, Object.keys(filter as object).join())
  }
})

test('a Date is its ISO text', () => {
  const metas = ['2024-01-01T00:00:00.000Z', '2025-06-01T00:00:00.000Z'].map(at => ({ at }))
  fill(metas)
  assert.deepEqual(agrees({ at: { $gte: new Date('2025-01-01') } }, metas), [1])
})

test('a list of 50,000 values is one parameter', () => {
  fill([{ n: 3 }, { n: 60_000 }])
  const condition = parseFilter({ n: { $in: Array.from({ length: 50_000 }, (_, i) => i) } })
  assert.deepEqual(found(condition), [0])
  assert.ok(compileFilter(condition, jsonOnly).parameters.length < 10)
})

test('values are bound, never written into the SQL', () => {
  const evil = `' OR 1 = 1 --`
  const filter = { [evil]: evil, other: { $in: [evil], $contains: evil, $startsWith: evil } }
  const { sql } = compileFilter(parseFilter(filter), jsonOnly)
  assert.ok(!sql.includes('1 = 1'))
  fill([{ [evil]: evil, other: evil }, {}])
  assert.deepEqual(found(parseFilter(filter)), [0])
})

test('declared columns give the same answers as the JSON they were read from', () => {
  const metas = METAS.filter(
    meta => meta !== undefined && typeof (meta as { lang?: unknown })?.lang !== 'object',
  )
  fill(metas)
  db.exec(`UPDATE t SET
    lang = CASE json_type(meta, '$.lang') WHEN 'text' THEN meta ->> '$.lang' END,
    tags = CASE json_type(meta, '$.tags') WHEN 'array' THEN meta -> '$.tags' END`)
  const target: FilterTarget = {
    json: 't.meta',
    column: path =>
      path === 'lang'
        ? { sql: 't.lang', json: false }
        : path === 'tags'
          ? { sql: 't.tags', json: true }
          : undefined,
  }
  for (const filter of [
    { lang: 'en' },
    { lang: { $ne: 'en' } },
    { lang: { $in: ['en', 'de', null] } },
    { lang: { $nin: ['en'] } },
    { lang: { $exists: true } },
    { lang: { $startsWith: 'e' } },
    { lang: { $contains: 'n' } },
    { lang: { $gt: 'd' } },
    { lang: 5 },
    { lang: true },
    { lang: { $contains: 5 } },
    { tags: { $contains: 1 } },
    { tags: { $contains: true } },
    { tags: { $all: ['x', 'y'] } },
    { tags: { $size: 2 } },
    { tags: { $not: { $size: 2 } } },
    { tags: { $elemMatch: { $in: ['y', true] } } },
    { lang: { $size: 2 } },
    { lang: { $elemMatch: { $eq: 'en' } } },
    { $not: { lang: 'en', year: { $gt: 1 } } },
  ]) {
    const condition = parseFilter(filter)
    assert.deepEqual(found(condition, target), found(condition), inspect(filter, { depth: 9 }))
  }
})

test('random filters over random metadata mean what JavaScript says', () => {
  let state = 12345
  const random = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >>> 8) % n
  }
  const pick = <T>(of: readonly T[]): T => of[random(of.length)]
  const values = ['a', 'ab', 'A', '', '1', 0, 1, 2, 1.5, -1, true, false, null, 'ä', '😀']
  const fields = ['f', 'g', 'h.i', 'h.j.k']
  const value = (depth: number): unknown => {
    const form = random(depth > 2 ? 6 : 9)
    if (form < 6) return pick(values)
    if (form === 6) return Array.from({ length: random(4) }, () => value(depth + 1))
    return Object.fromEntries(
      ['i', 'j', 'k'].slice(0, random(4)).map(key => [key, value(depth + 1)]),
    )
  }
  const scalar = (): unknown => pick(values.filter(one => one !== null))
  const operators = (depth: number): object => {
    switch (random(depth > 1 ? 12 : 15)) {
      case 10:
        return { $size: random(3) }
      case 11:
        return { $all: Array.from({ length: random(3) }, scalar) }
      case 12:
        return { $elemMatch: operators(depth + 1) }
      case 13:
        return { $elemMatch: filter(depth + 2) }
      case 0:
        return { $eq: pick(values) }
      case 1:
        return { $ne: pick(values) }
      case 2:
        return {
          [pick(['$gt', '$gte', '$lt', '$lte'])]: pick(
            values.filter(one => one !== null && typeof one !== 'boolean'),
          ),
        }
      case 3:
        return { $in: Array.from({ length: random(4) }, () => pick(values)) }
      case 4:
        return { $nin: Array.from({ length: random(4) }, () => pick(values)) }
      case 5:
        return { $exists: random(2) === 0 }
      case 6:
        return { $contains: scalar() }
      case 7:
        return { $startsWith: pick(['', 'a', 'A', 'ab', '😀']) }
      case 8:
        return { $gte: 0, $lt: 2 }
      case 9:
        return { $gt: '', $ne: 'a' }
      default:
        return { $not: operators(depth + 1) }
    }
  }
  const filter = (depth: number): object => {
    switch (random(depth > 2 ? 3 : 7)) {
      case 3:
        return { $and: Array.from({ length: random(3) }, () => filter(depth + 1)) }
      case 4:
        return { $or: Array.from({ length: random(4) }, () => filter(depth + 1)) }
      case 5:
        return { $nor: Array.from({ length: random(3) }, () => filter(depth + 1)) }
      case 6:
        return { $not: filter(depth + 1) }
      case 0:
        return { [pick(fields)]: pick(values) }
      default:
        return { [pick(fields)]: operators(0), [pick(fields)]: operators(0) }
    }
  }
  const metas = Array.from({ length: 400 }, () =>
    random(20) === 0 ? undefined : { f: value(0), g: value(0), h: value(0) },
  )
  fill(metas)
  let matched = 0
  for (let i = 0; i < 800; i++) matched += agrees(filter(0), metas).length
  assert.ok(matched > 30_000 && matched < 290_000, `${matched} matches say too little`)
})

const REFUSED: readonly [filter: unknown, place: RegExp][] = [
  [undefined, /^filter: expected an object, got undefined/],
  [null, /^filter: expected an object, got null/],
  ['lang = 1', /^filter: expected an object, got string/],
  [[], /^filter: expected an object, got an array/],
  [new Map([['lang', 'en']]), /^filter: expected an object, got an object \(Map\)/],
  [{ $where: 'x' }, /^filter\.\$where: unknown operator \$where: expected \$and/],
  [{ lang: { $like: 'x' } }, /^filter\.lang\.\$like: unknown operator \$like: expected \$eq/],
  [{ lang: {} }, /^filter\.lang: expected a value or operators/],
  [{ lang: { en: 1 } }, /^filter\.lang\.en: unknown operator en/],
  [{ lang: undefined }, /^filter\.lang: expected text, .* got undefined/],
  [{ lang: NaN }, /^filter\.lang: expected a finite number, got NaN/],
  [{ lang: ['en'] }, /^filter\.lang: expected text, .* got an array/],
  [{ lang: new Date('x') }, /^filter\.lang: the Date is invalid/],
  [{ lang: 2n ** 63n }, /^filter\.lang: expected an integer of at most 64 bits/],
  [{ lang: '\ud800' }, /^filter\.lang: the text has a lone surrogate/],
  [{ lang: { $in: 'en' } }, /^filter\.lang\.\$in: expected an array of values, got string/],
  [{ lang: { $in: [['en']] } }, /^filter\.lang\.\$in\[0\]: expected text/],
  [{ lang: { $exists: 1 } }, /^filter\.lang\.\$exists: expected true or false, got number/],
  [{ lang: { $startsWith: 5 } }, /^filter\.lang\.\$startsWith: expected text, got number/],
  [{ lang: { $contains: null } }, /^filter\.lang\.\$contains: expected text/],
  [{ lang: { $gt: null } }, /^filter\.lang\.\$gt: expected text/],
  [{ lang: { $gt: true } }, /^filter\.lang\.\$gt: expected a number, a string or a Date/],
  [{ lang: { $all: 'en' } }, /^filter\.lang\.\$all: expected an array of values, got string/],
  [{ lang: { $all: [null] } }, /^filter\.lang\.\$all\[0\]: expected text/],
  [{ lang: { $size: 1.5 } }, /^filter\.lang\.\$size: expected a number of elements, got number/],
  [{ lang: { $elemMatch: 'en' } }, /^filter\.lang\.\$elemMatch: expected an object, got string/],
  [{ lang: { $elemMatch: { $eq: 1, a: 2 } } }, /^filter\.lang\.\$elemMatch\.a: unknown operator a/],
  [{ lang: { $not: 'en' } }, /^filter\.lang\.\$not: expected operators of the field, got string/],
  [{ $and: { lang: 'en' } }, /^filter\.\$and: expected an array of filters, got an object/],
  [{ $or: ['en'] }, /^filter\.\$or\[0\]: expected an object, got string/],
  [{ '': 1 }, /^filter\.: expected a field name/],
  [{ 'a..b': 1 }, /^filter\.a\.\.b: expected a field name/],
]

test('what is not a filter is refused, and the message names the place', () => {
  for (const [filter, message] of REFUSED)
    assert.throws(() => parseFilter(filter), { code: 'VEC_FILTER', message })
})

test('a filter of a hundred levels is refused, not a stack that runs over', () => {
  let filter: object = { a: 1 }
  for (let i = 0; i < 100_000; i++) filter = { $not: filter }
  assert.throws(() => parseFilter(filter), { code: 'VEC_FILTER', message: /\b50\b/ })
})

test('the types know the fields of the metadata', () => {
  interface Meta {
    lang: string
    year?: number
    tags: string[]
  }
  const filters: Filter<Meta>[] = [
    { lang: 'en', year: { $gte: 2020 }, tags: { $contains: 'x' } },
    { $or: [{ lang: { $in: ['en'] } }, { year: null }], 'author.name': 'Ann' },
    // @ts-expect-error a year is a number
    { year: '2020' },
    // @ts-expect-error there is no such field
    { language: 'en' },
    // @ts-expect-error there is no such operator
    { lang: { $like: 'e%' } },
  ]
  assert.equal(filters.length, 5)
})

const numbers = (count: number): Filter[] => Array.from({ length: count }, (_, n) => ({ n }))

test('thousands of conditions are one statement, and more than it can hold are refused', () => {
  fill([{ n: 3 }, { n: 5000 }, { n: -1 }, undefined])
  assert.deepEqual(found(parseFilter({ $or: numbers(3000) })), [0])
  assert.deepEqual(found(parseFilter({ $nor: numbers(3000) })), [1, 2])
  refused(() => found(parseFilter({ $or: numbers(50_000) })), 'VEC_FILTER', 32_750, '$in')
})
