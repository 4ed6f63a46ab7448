import { sourceError } from '../interchange-error.ts'

export type Vec0Element = 'float' | 'int8' | 'bit'
export type MetadataType = 'text' | 'integer' | 'float' | 'boolean'

export interface Vec0Vector {
  readonly name: string
  readonly element: Vec0Element
  readonly dim: number
  /** 'l2', 'cosine', 'l1', 'hamming' */
  readonly metric: string
}

/** The columns of a vec0 table. Each kind is numbered separately, as in its shadow tables. */
export interface Vec0Schema {
  readonly vectors: readonly Vec0Vector[]
  readonly metadata: readonly { readonly name: string; readonly type: MetadataType }[]
  readonly partitions: readonly string[]
  readonly auxiliary: readonly string[]
  /** The TEXT PRIMARY KEY, or the integer one, whose values are the rowids; undefined when there is only the rowid. */
  readonly key: { readonly name: string; readonly text: boolean } | undefined
}

const TYPES: Readonly<Record<string, MetadataType>> = {
  text: 'text',
  integer: 'integer',
  int: 'integer',
  float: 'float',
  double: 'float',
  real: 'float',
  f32: 'float',
  f64: 'float',
  boolean: 'boolean',
  bool: 'boolean',
}

const VECTOR = /^(\w+)\s+(float|f32|int8|i8|bit)\s*\[\s*(\d+)\s*\](.*)$/is

/** Reads the text of CREATE VIRTUAL TABLE ... USING vec0(...). */
export function parseVec0(sql: string, table: string): Vec0Schema {
  const open = sql.indexOf('(', sql.toLowerCase().indexOf('vec0'))
  const close = sql.lastIndexOf(')')
  if (open < 0 || close < open) throw notUnderstood(table, sql)
  const vectors: Vec0Vector[] = []
  const metadata: { name: string; type: MetadataType }[] = []
  const partitions: string[] = []
  const auxiliary: string[] = []
  let key: Vec0Schema['key']
  for (const part of sql.slice(open + 1, close).split(',')) {
    const text = part.trim()
    if (text === '' || /^\w+\s*=/.test(text)) continue
    const vector = VECTOR.exec(text)
    if (vector) {
      vectors.push(vectorColumn(vector))
      continue
    }
    const aux = /^\+\s*(\w+)/.exec(text)
    if (aux) {
      auxiliary.push(aux[1])
      continue
    }
    const column = /^(\w+)\s+(\w+)\s*(.*)$/s.exec(text)
    const type = column ? TYPES[column[2].toLowerCase()] : undefined
    if (!column || type === undefined) throw notUnderstood(table, text)
    if (/^primary\s+key$/i.test(column[3].trim())) key = { name: column[1], text: type === 'text' }
    else if (/^partition\s+key$/i.test(column[3].trim())) partitions.push(column[1])
    else if (column[3].trim() === '') metadata.push({ name: column[1], type })
    else throw notUnderstood(table, text)
  }
  if (vectors.length === 0) throw notUnderstood(table, sql)
  return { vectors, metadata, partitions, auxiliary, key }
}

function vectorColumn([, name, type, dim, options]: readonly string[]): Vec0Vector {
  const lower = type.toLowerCase()
  const element = lower === 'bit' ? 'bit' : lower === 'float' || lower === 'f32' ? 'float' : 'int8'
  const metric = /distance_metric\s*=\s*(\w+)/i.exec(options)?.[1].toLowerCase()
  return {
    name,
    element,
    dim: Number(dim),
    metric: metric ?? (element === 'bit' ? 'hamming' : 'l2'),
  }
}

function notUnderstood(table: string, text: string): Error {
  return sourceError(
    `cannot parse the declaration of the vec0 table ${table}: ${text.trim().slice(0, 200)}`,
    'export it with a program that has sqlite-vec, and import JSONL',
  )
}
