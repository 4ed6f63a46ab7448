import { doubleQuoted } from '../../core/quote.ts'
import type { SqlValue } from '../../entries/main.ts'
import { NONE, OTHER, type Field, type FieldValue, type FieldValues } from '../contract.ts'
import { IS_VECTOR, type Dataset } from '../dataset.ts'

/** Rows whose metadata is looked at for the names of fields. */
const SAMPLE = 2000
const MOST_FIELDS = 40
/** Values of a field that have a colour and a button of their own. */
const MOST_VALUES = 12

/** SQL: metadata that json_each can read. */
const READABLE = `CASE WHEN json_valid(CAST(meta AS TEXT)) THEN CAST(meta AS TEXT) ELSE '{}' END`
const SCALAR = `('text', 'integer', 'real', 'true', 'false')`

/** The fields of a dataset: declared columns, and the members of `meta` that hold one value. */
export function fieldsOf(dataset: Dataset): Field[] {
  const { declared, columns } = dataset.table
  const stored = declared.filter(({ type, from }) => from === undefined && type !== 'JSON')
  const fields: Field[] = stored.map(({ name }) => ({ name, from: 'column' }))
  if (!columns.includes('meta')) return fields
  const members = dataset.all(
    `SELECT e.key AS name FROM
       (SELECT ${READABLE} AS m FROM ${dataset.from} WHERE ${dataset.where} LIMIT ${SAMPLE}), json_each(m) AS e
     WHERE e.type IN ${SCALAR} AND typeof(e.key) = 'text' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT ${MOST_FIELDS}`,
  )
  for (const { name } of members) {
    // A filter reads a dot as a path, and a dollar as an operator.
    if (typeof name === 'string' && /^[^$.][^.]*$/.test(name)) fields.push({ name, from: 'meta' })
  }
  return fields
}

/** The values of a field for the rows of the map, in their order. */
export function valuesOf(dataset: Dataset, { name, from }: Field): FieldValues {
  const [value, type, join, parameters] =
    from === 'column'
      ? [`d.${doubleQuoted(columnOf(dataset, name))}`, `'x'`, '', []]
      : [
          'e.value',
          'e.type',
          `LEFT JOIN json_each(${READABLE}) AS e ON e.key = ?3 AND e.type IN ${SCALAR}`,
          [name],
        ]
  using statement = dataset.db.prepare(
    `SELECT o.r, ${value}, ${type} FROM ${dataset.inOrder} ${join} WHERE ${dataset.where} AND ${IS_VECTOR}`,
  )
  const found: (FieldValue | undefined)[] = []
  let last: SqlValue = null
  const rows = statement.raw().iterate(dataset.name, dataset.bytesOf(dataset.dim), ...parameters)
  for (const [row, v, t] of rows as Iterable<SqlValue[]>) {
    // An object with a key twice gives two: the last counts.
    if (row === last) found.pop()
    last = row
    if (v === null || v instanceof Uint8Array) found.push(undefined)
    else found.push(t === 'true' || t === 'false' ? v === 1 : typeof v === 'bigint' ? Number(v) : v)
  }
  return coded(name, found)
}

function columnOf({ table }: Dataset, name: string): string {
  const column = table.declared.find(each => each.name === name)
  if (column !== undefined) return column.name
  throw new TypeError(`${table.name} does not declare a column '${name}'`)
}

function coded(name: string, found: readonly (FieldValue | undefined)[]): FieldValues {
  const counts = new Map<FieldValue, number>()
  for (const value of found)
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1)
  const values = Array.from(counts, ([value, count]) => ({ value, count }))
    .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, MOST_VALUES)
  const codeOf = new Map(values.map(({ value }, code) => [value, code]))
  const codes = Uint8Array.from(found, value =>
    value === undefined ? NONE : (codeOf.get(value) ?? OTHER),
  )
  const distinct = [...counts.keys()]
  const isNumeric =
    distinct.length > MOST_VALUES && distinct.every(value => typeof value === 'number')
  if (!isNumeric) return { name, values, codes, range: undefined, numbers: undefined }
  const numbers = Float32Array.from(found, value => (typeof value === 'number' ? value : NaN))
  let [least, most] = [Infinity, -Infinity]
  for (const value of distinct) {
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  return { name, values, codes, range: [least, most], numbers }
}
