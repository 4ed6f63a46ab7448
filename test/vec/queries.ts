import assert from 'node:assert/strict'
import type { BindValue, Connection } from '../../src/entries/main.ts'
import type { Model, Scored } from './model.ts'
import type { Random } from './random.ts'

interface Row {
  readonly dataset_id: string
  readonly doc_id: string
  readonly match_score: number
  readonly distance: number
  readonly content: string | null
  readonly meta: string | null
}

type Compare = (a: Scored, b: Scored) => number

interface Order {
  readonly sql: string
  /** Compares as the ORDER BY says. Undefined: nearest first, equal ones by id. */
  readonly compare?: Compare
  /** What is left of that when the vec table is asked row by row from the other side of a join. */
  readonly joined?: Compare
}

const byId = (a: Scored, b: Scored): number =>
  Buffer.compare(Buffer.from(a.row.id), Buffer.from(b.row.id))

const ORDERS: readonly Order[] = [
  { sql: '', joined: () => 0 },
  { sql: 'ORDER BY match_score DESC', joined: (a, b) => b.score - a.score },
  { sql: 'ORDER BY distance', joined: (a, b) => a.distance - b.distance },
  { sql: 'ORDER BY match_score', compare: (a, b) => a.score - b.score },
  { sql: 'ORDER BY distance DESC', compare: (a, b) => b.distance - a.distance },
  { sql: 'ORDER BY match_score DESC, doc_id', compare: (a, b) => b.score - a.score || byId(a, b) },
  { sql: 'ORDER BY distance, doc_id', compare: (a, b) => a.distance - b.distance || byId(a, b) },
  {
    sql: 'ORDER BY match_score DESC, doc_id DESC',
    compare: (a, b) => b.score - a.score || byId(b, a),
  },
  { sql: 'ORDER BY doc_id', compare: byId },
]

const OPERATORS: Record<string, (a: number, b: number) => boolean> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
}

/** Asks one random question in SQL, and holds every row of the answer against the model. */
export function ask(
  r: Random,
  db: Connection,
  table: string,
  model: Model,
  datasets: readonly string[],
): void {
  const some = datasets.filter(() => r.chance(0.6))
  const chosen = r.chance(0.25) && some.length > 0 ? some : [r.pick(datasets)]
  const query = queryFor(r, model, chosen)
  const params: BindValue[] = [query]
  let found = model.search(chosen, query)
  const where = ['v.doc_id MATCH ?1']
  const bind = (value: BindValue): string => `?${params.push(value)}`

  where.push(
    chosen.length === 1
      ? `v.dataset_id = ${bind(chosen[0])}`
      : `v.dataset_id IN (${chosen.map(bind).join(', ')})`,
  )

  const ids = [...new Set(model.visible(datasets).map(row => row.id))]
  const filter = r.below(6)
  if (filter === 0) {
    const id = r.pick(ids)
    where.push(`v.doc_id = ${bind(id)}`)
    found = found.filter(({ row }) => row.id === id)
  } else if (filter === 1) {
    const wanted = ids.filter(() => r.chance(r.next()))
    wanted.push('no such id')
    where.push(`v.doc_id IN (SELECT value FROM json_each(${bind(JSON.stringify(wanted))}))`)
    found = found.filter(({ row }) => wanted.includes(row.id))
  } else if (filter === 2) {
    where.push(
      `v.doc_id IN (SELECT id FROM "_vec_${table}" WHERE json_extract(meta, '$.lang') = 'en')`,
    )
    const english = new Set(
      [...model.rows.values()].filter(row => row.meta.includes('"en"')).map(row => row.id),
    )
    found = found.filter(({ row }) => english.has(row.id))
  } else if (filter === 3) {
    const few = Array.from({ length: 3 }, () => r.pick(ids))
    where.push(`v.doc_id IN (${few.map(bind).join(', ')})`)
    found = found.filter(({ row }) => few.includes(row.id))
  }

  for (let n = r.below(3); n > 0; n--) {
    const of = r.pick(['score', 'distance'] as const)
    const column = of === 'score' ? 'v.match_score' : 'v.distance'
    const edge = found.length > 0 && r.chance(0.7) ? r.pick(found)[of] : r.next() * 3 - 1.5
    if (r.chance(0.25)) {
      const other = edge + r.next()
      where.push(`${column} BETWEEN ${bind(edge)} AND ${bind(other)}`)
      found = found.filter(row => row[of] >= edge && row[of] <= other)
    } else {
      const operator = r.pick(Object.keys(OPERATORS))
      where.push(`${column} ${operator} ${bind(edge)}`)
      found = found.filter(row => OPERATORS[operator](row[of], edge))
    }
  }

  if (r.chance(0.4)) {
    const k = r.pick([0, 1, 2, 5, 10, found.length, found.length + 3])
    where.push(`v.k = ${bind(k)}`)
    found = found.slice(0, k)
  }

  const columns = 'v.dataset_id, v.doc_id, v.match_score, v.distance, v.content, v.meta'
  const join = r.below(5)
  const on = 'd.dataset_id = v.dataset_id AND d.id = v.doc_id'
  const from =
    join === 0
      ? `"${table}" v JOIN "_vec_${table}" d ON ${on}`
      : join === 1
        ? `"_vec_${table}" d CROSS JOIN "${table}" v ON ${on}`
        : `"${table}" v`
  // Asked row by row from the other side, k counts for each row alone: the join is not what k is for.
  if (join === 1 && where.some(text => text.startsWith('v.k'))) return
  // SQLite puts the constant into MATCH, and asks for its truth before it comes to the vec table: an error of SQLite's.
  if (join === 1 && where.some(text => text.startsWith('v.doc_id ='))) return
  const order = r.pick(ORDERS)
  const sql = `SELECT ${columns} FROM ${from} WHERE ${shuffled(r, where).join(' AND ')} ${order.sql}`
  const { joined } = order
  check(r, db, sql, params, found, join === 1 && joined ? { sql, compare: joined } : order)
}

function check(
  r: Random,
  db: Connection,
  sql: string,
  params: BindValue[],
  found: Scored[],
  order: Order,
): void {
  const sorted = order.compare ? found.toSorted(order.compare) : found
  const limit = r.chance(0.6) ? r.pick([0, 1, 3, 10, 1000, -1]) : undefined
  const offset = limit !== undefined && r.chance(0.4) ? r.pick([0, 1, 4, sorted.length]) : 0
  const end = limit === undefined || limit < 0 ? undefined : offset + limit
  const expected = sorted.slice(offset, end)
  const tail = limit === undefined ? '' : ` LIMIT ${limit}${offset > 0 ? ` OFFSET ${offset}` : ''}`
  const text = sql + tail
  let rows: Row[]
  try {
    rows = db.prepare(text).all(...params) as Row[]
  } catch (error) {
    throw new Error(text, { cause: error })
  }
  const told = `${text}\n${JSON.stringify(params.slice(1))}`
  assert.equal(rows.length, expected.length, told)
  const members = new Map(found.map(scored => [keyOf(scored.row.dataset, scored.row.id), scored]))
  const seen = new Set<string>()
  rows.forEach((row, i) => {
    const key = keyOf(row.dataset_id, row.doc_id)
    const scored = members.get(key)
    assert.ok(scored && !seen.has(key), `row ${i}, ${key}, does not belong: ${told}`)
    seen.add(key)
    assert.deepEqual(
      [row.match_score, row.distance, row.content, row.meta],
      [scored.score, scored.distance, scored.row.content, scored.row.meta],
      told,
    )
    if (order.compare) assert.equal(order.compare(scored, expected[i]), 0, `row ${i}: ${told}`)
    else assert.equal(key, keyOf(expected[i].row.dataset, expected[i].row.id), `row ${i}: ${told}`)
  })
}

/** A query near the rows, one of them, away from them, or of length zero. */
function queryFor(r: Random, model: Model, datasets: readonly string[]): Float32Array {
  const rows = model.search(datasets, new Float32Array(model.dim).fill(1))
  const kind = r.below(10)
  if (kind === 0) return new Float32Array(model.dim)
  if (kind < 4 && rows.length > 0)
    return new Float32Array(r.pick(rows).row.embedding!.slice().buffer)
  return r.vector(model.dim)
}

function shuffled<T>(r: Random, list: readonly T[]): T[] {
  return list
    .map(item => [r.next(), item] as const)
    .toSorted((a, b) => a[0] - b[0])
    .map(([, item]) => item)
}

function keyOf(dataset: string, id: string): string {
  return JSON.stringify([dataset, id])
}
