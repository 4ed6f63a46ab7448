import { argumentError, requirePlainObject } from '../../core/argument-error.ts'
import { checkOptions, object, wholeNumber, type Check } from '../../core/check-options.ts'
import type { Condition } from '../../core/filter/condition.ts'
import type { Filter } from '../../core/filter/filter.ts'
import { knownWord } from '../../core/known-word.ts'
import { Utf8 } from '../../core/utf8.ts'
import type { BindValue, SqlValue } from '../../database/values.ts'
import { OF_DATASET } from '../../search/schema/names.ts'
import type { CollectionTable } from './collection-table.ts'
import { andFilter, rowFilter } from './condition.ts'
import { CursorCodec } from './cursor.ts'
import { readField, type Field } from './field.ts'
import { readInclude, type Included } from './included.ts'
import { readCondition } from './read-condition.ts'
import { idText, partColumns, readParts } from './stored-document.ts'
import type { StoredDocument } from './stored-document.ts'

/** The order of a listing: by a field, ascending by default. Documents with the same value are ordered by id. */
export interface ListOrder {
  /** 'id', 'meta.name', or a declared column of the table. */
  readonly by: string
  readonly direction?: 'asc' | 'desc' | undefined
}

export interface ListOptions<M = unknown> {
  readonly filter?: Filter<M> | undefined
  /** Default: by id. A text means `{ by }`. */
  readonly order?: string | ListOrder | undefined
  /** The maximum number of documents in a page; default 100. */
  readonly limit?: number | undefined
  /** The cursor of the previous page. */
  readonly cursor?: string | undefined
  /** Default: ['content', 'meta']. */
  readonly include?: readonly Included[] | undefined
}

/** A page of documents, and the cursor of the next page. Without `cursor`, this is the last page. */
export interface DocumentPage<M = unknown> {
  readonly documents: StoredDocument<M>[]
  readonly cursor?: string | undefined
}

const LIST = 'list()'
const DEFAULT_LIMIT = 100
const anything: Check = () => undefined
const CHECKS: Readonly<Record<string, Check>> = {
  filter: object,
  order: anything,
  limit: wholeNumber(1, 1_000_000),
  cursor: anything,
  include: anything,
}

/** One page of a dataset. */
export function listDocuments<M>(
  table: CollectionTable,
  dataset: string,
  options: ListOptions<M>,
): DocumentPage<M> {
  checkOptions(LIST, options, CHECKS)
  const { filter, limit = DEFAULT_LIMIT, cursor } = options
  const condition: Condition | undefined = readCondition(filter)
  const parts = readInclude(LIST, options.include)
  const { field, descending } = readOrder(options.order, table)
  const { shadow } = table
  const codec = new CursorCodec(LIST, [
    'list',
    shadow.schema,
    shadow.name,
    dataset,
    condition ?? null,
    field.path,
    descending,
  ])
  const rows = rowFilter(LIST, condition, table)
  const after = cursor === undefined ? undefined : behind(codec.read(cursor), field, descending)
  const documents: StoredDocument<M>[] = []
  let more = false
  let last: { readonly key: SqlValue; readonly id: Uint8Array } | undefined
  const key = field.path === 'id' ? 'NULL' : field.value
  const direction = descending ? 'DESC' : 'ASC'
  const order =
    field.path === 'id' ? `id COLLATE BINARY ${direction}` : `2 ${direction}, id COLLATE BINARY`
  shadow.each(
    `SELECT id, ${key}${partColumns(table, parts)} FROM {table}
     WHERE ${OF_DATASET} ${shadow.visible} AND typeof(id) = 'text' ${andFilter(rows)} ${after?.sql ?? ''}
     ORDER BY ${order} LIMIT ?`,
    [dataset, ...(rows?.parameters ?? []), ...(after?.parameters ?? []), limit + 1],
    row => {
      if (documents.length === limit) {
        more = true
        return false
      }
      last = { key: row.value(1), id: row.bytes(0).slice() }
      documents.push({ id: idText(last.id), ...readParts<M>(table, row, 2, parts) })
      return true
    },
  )
  return more ? { documents, cursor: codec.write(keyToJson(last!.key), last!.id) } : { documents }
}

function readOrder(order: unknown, table: CollectionTable): { field: Field; descending: boolean } {
  if (order === undefined || typeof order === 'string') {
    return { field: readField(LIST, 'order', order ?? 'id', table), descending: false }
  }
  requirePlainObject(LIST, 'order', order, "a field, or { by: 'meta.year', direction: 'desc' }")
  for (const name of Object.keys(order)) {
    knownWord(`member of order of ${LIST}`, name, ['by', 'direction'])
  }
  const { by, direction = 'asc' } = order as ListOrder
  knownWord(`direction of ${LIST}`, direction, ['asc', 'desc'])
  return { field: readField(LIST, 'order.by', by, table), descending: direction === 'desc' }
}

interface Place {
  readonly sql: string
  readonly parameters: readonly BindValue[]
}

/** The rows after a position. NULL comes before every value. */
function behind(
  { key, id }: { readonly key: unknown; readonly id: Uint8Array },
  field: Field,
  descending: boolean,
): Place {
  const idValue = new Utf8(id)
  const afterId = 'id COLLATE BINARY > ?'
  if (field.path === 'id') {
    return {
      sql: `AND id COLLATE BINARY ${descending ? '<' : '>'} ?`,
      parameters: [idValue],
    }
  }
  const value = keyFromJson(key)
  const { value: sql } = field
  if (value === null) {
    const ties = `(${sql} IS NULL AND ${afterId})`
    return {
      sql: descending ? `AND ${ties}` : `AND (${sql} IS NOT NULL OR ${ties})`,
      parameters: [idValue],
    }
  }
  const beyond = descending ? `${sql} < ? OR ${sql} IS NULL` : `${sql} > ?`
  return {
    sql: `AND (${beyond} OR (${sql} = ? AND ${afterId}))`,
    parameters: [value, value, idValue],
  }
}

type JsonKey = readonly ['null'] | readonly ['text' | 'integer' | 'real' | 'blob', string]

function keyToJson(value: SqlValue): JsonKey {
  if (value === null) return ['null']
  if (typeof value === 'string') return ['text', value]
  if (value instanceof Uint8Array) return ['blob', String.fromCharCode(...value)]
  if (typeof value === 'bigint') return ['integer', String(value)]
  return ['real', String(value)]
}

/** Any JSON value is accepted as a position, even if `keyToJson` did not write it: it cannot break an order. */
function keyFromJson(key: unknown): BindValue {
  if (!Array.isArray(key)) throw argumentError(LIST, 'cursor', key, 'the cursor of the page before')
  const [type, text] = key as unknown as JsonKey
  if (text === undefined) return null
  if (type === 'text') return text
  if (type === 'blob') return Uint8Array.from(text, letter => letter.charCodeAt(0))
  return type === 'integer' ? BigInt(text) : Number(text)
}
