import { NOT_UTF8, pick, type FiltersWorld, type Value } from './filters-world.ts'
import type { Random } from './random.ts'

/** A condition of a search, and the same on the shadow table. */
export interface Condition {
  readonly search: string
  readonly table: string
  readonly values: readonly Value[]
  readonly tableValues: readonly Value[]
}

/** A condition that reads the same on both tables. */
function same(sql: string, ...values: Value[]): Condition {
  return { search: sql, table: sql, values, tableValues: values }
}

/** A filter in JSON, and what it means in SQL by other means than the compiler's. */
function json(filter: unknown, table: string, ...tableValues: Value[]): Condition {
  return { search: 'filter = ?', table, values: [JSON.stringify(filter)], tableValues }
}

const COMPARISONS = ['=', '<>', '<', '<=', '>', '>='] as const
const WORDS = { '=': '$eq', '<': '$lt', '<=': '$lte', '>': '$gt', '>=': '$gte' } as const
const COMPARED = Object.keys(WORDS) as (keyof typeof WORDS)[]
const NUMBERS = "typeof(year) IN ('integer', 'real')"
const ELEMENTS = `json_valid(tags) AND json_type(tags) = 'array'
  AND EXISTS (SELECT 1 FROM json_each(tags) AS e WHERE`

/** One condition of each operator and value that there is, by chance. */
export function someCondition(r: Random, world: FiltersWorld): Condition {
  const column = pick(r, ['lang', 'year', 'price'] as const)
  const value = (): Value =>
    pick<Value>(r, [
      world.lang(),
      world.year(),
      world.price(),
      r.below(25) + 2000,
      '2010',
      ' 7 ',
      new Uint8Array([101, 110]),
    ])
  switch (r.below(19)) {
    case 0:
    case 1:
      return same(`${column} ${pick(r, COMPARISONS)} ?`, world[column]())
    case 2:
      return same(`${column} ${pick(r, COMPARISONS)} ?`, value())
    case 3:
      return same(`${column} ${pick(r, ['IS NULL', 'IS NOT NULL', 'NOTNULL'])}`)
    case 4:
      return same(`${column} BETWEEN ? AND ?`, value(), value())
    case 5:
      return same(`${column} IN (?, ?, ?)`, value(), value(), value())
    case 6:
      return same(`lang ${pick(r, COMPARISONS)} ${NOT_UTF8}`)
    case 7: {
      const list = Array.from({ length: r.below(30) }, () => 2000 + r.below(40))
      return same('year IN (SELECT value FROM json_each(?))', JSON.stringify(list))
    }
    case 8:
      return same('lang = ? AND year >= ?', world.lang(), 2000 + r.below(25))
    case 9:
      return same('(lang = ? OR year < ?)', world.lang(), 2000 + r.below(25))
    case 10: {
      const text = pick(r, ['en', 'd', '', 'é', '7'])
      return json({ lang: { $startsWith: text } }, 'substr(lang, 1, length(?1)) = ?1', text)
    }
    case 11: {
      const comparison = pick(r, COMPARED)
      const bound = 2000 + r.below(25)
      const table = `${NUMBERS} AND year ${comparison} ?`
      return json({ year: { [WORDS[comparison]]: bound } }, table, bound)
    }
    case 12: {
      const text = pick(r, ['en', 'de', 'xx'])
      return json({ $not: { lang: text } }, 'coalesce(lang <> ?, 1)', text)
    }
    case 13: {
      const tag = pick<string | number>(r, ['a', 'b', 'c"', 1])
      const wanted = typeof tag === 'string' ? "e.type = 'text'" : "e.type IN ('integer', 'real')"
      return json({ tags: { $contains: tag } }, `${ELEMENTS} ${wanted} AND e.value = ?)`, tag)
    }
    case 14: {
      const bound = r.below(1000)
      return json(
        { n: { $lt: bound }, lang: 'en' },
        `CASE WHEN json_valid(meta) THEN meta ->> '$.n' < ? END AND lang = 'en'`,
        bound,
      )
    }
    case 15:
      return same(
        `${column} LIKE ?`,
        pick(r, ['e%', 'EN', '%', 'd_', '%n', '', '20%', 'É%', 'unk%', null]),
      )
    case 17:
      return same('vec_contains(tags, ?)', pick<Value>(r, ['a', 'b', 'c"', 1, 2.5, 'x', null]))
    case 16:
      return same(`lang GLOB ?`, pick(r, ['e*', 'en', '*', 'D?', '[de]*', '']))
    default: {
      const bound = r.below(20)
      return json(
        { $or: [{ price: { $gt: bound } }, { year: { $exists: false } }] },
        "((typeof(price) IN ('integer', 'real') AND price > ?) OR year IS NULL)",
        bound,
      )
    }
  }
}
