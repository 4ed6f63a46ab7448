import {
  F16,
  F32,
  int8Type,
  isRange,
  RANGE_RULE,
  type EmbeddingType,
  type EmbeddingTypeName,
} from '../../core/embedding-type.ts'
import { VecError } from '../../core/errors.ts'
import { METRIC_NAMES, type Metric } from '../../core/metric.ts'
import { isRecall, RECALL_RANGE } from '../../core/recall.ts'
import { didYouMean } from '../../core/suggest.ts'
import type { IndexOption } from '../../index/kind.ts'
import { INDEX_OPTIONS, KINDS } from '../../index/kinds.ts'
import { isReservedColumn, type StoredColumn } from '../../search/schema/table-schema.ts'
import type { TextSpec } from '../../search/schema/text-spec.ts'
import { originalDistance } from '../../viant/formats/original-distance.ts'
import { metadataColumn } from './metadata-columns.ts'
import { textSpecOf } from './text-options.ts'

/** The parsed arguments of CREATE VIRTUAL TABLE ... USING vec(...). */
export interface VecOptions {
  /** Name of the id column. */
  readonly column: string
  /** The file with the shadow table, if it is not the file of the vec table. */
  readonly dbpath: string | undefined
  readonly index: IndexOption
  readonly metric: Metric
  readonly coverBase: number
  readonly coverBound: 'per_node' | 'level'
  /** Workers for building a cover tree: 'auto', 'off', or a number. */
  readonly coverParallel: 'auto' | 'off' | number
  readonly includeArchived: boolean
  /** The share of the nearest rows that a search has to find unless it says so itself; 1: all. */
  readonly recall: number
  /** How the embeddings are stored. */
  readonly type: EmbeddingType
  /** The columns that the table declares; they are in its shadow table. */
  readonly metadata: readonly StoredColumn[]
  /** The text index; undefined without one. */
  readonly text: TextSpec | undefined
}

const KEYS = [
  'dbpath',
  'index',
  'metric',
  'cover_base',
  'cover_bound',
  'cover_distance',
  'cover_parallel',
  'include_archived',
  'int8_range',
  'recall',
  'text',
  'tokenize',
  'type',
] as const
type Key = (typeof KEYS)[number]

/** The default metric. */
export const DEFAULT_METRIC: Metric = 'cosine'

export function parseVecOptions(args: readonly string[], table: string): VecOptions {
  const [first = '', ...rest] = args
  const named = !first.includes('=') || /^\s*"/.test(first)
  const column = named ? columnName(first, table) : 'doc_id'
  const given = new Map<Key, string>()
  const metadata: StoredColumn[] = []
  for (const arg of named ? rest : args) {
    if (arg.trim() === '') continue
    const declared = metadataColumn(arg, [column, table, ...metadata.map(({ stored }) => stored)])
    if (declared) {
      metadata.push(declared)
      continue
    }
    const [key, value] = splitOption(arg)
    given.set(key, value)
  }
  const options = Object.fromEntries(INDEX_OPTIONS.map(option => [option, option]))
  const index = oneOf<IndexOption>('index', given.get('index'), options, 'auto')
  const metric = metricFrom(given)
  const refusal = KINDS[index].refusal(metric)
  if (refusal !== undefined) {
    throw optionError(
      `vec: index=${index} cannot serve metric=${metric}: ${refusal}`,
      'omit index, or choose metric=cosine or metric=euclidean',
    )
  }
  return {
    column,
    dbpath: dbpathOf(given.get('dbpath')),
    index,
    metric,
    coverBase: coverBaseOf(given.get('cover_base')),
    coverBound: oneOf(
      'cover_bound',
      given.get('cover_bound'),
      {
        per_node: 'per_node',
        level: 'level',
        pernode: 'per_node',
        boundpernode: 'per_node',
        boundlevel: 'level',
      },
      'per_node',
    ),
    coverParallel: coverParallelOf(given.get('cover_parallel')),
    includeArchived: oneOf(
      'include_archived',
      given.get('include_archived'),
      { '1': true, '0': false, true: true, false: false, on: true, off: false },
      false,
    ),
    recall: recallOf(given.get('recall')),
    type: typeOf(given),
    metadata,
    text: textSpecOf(given.get('text'), given.get('tokenize'), metadata),
  }
}

/** The name of a column as written: bare, or in any of SQLite's quotes, possibly followed by a type. */
function columnName(text: string, table: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return 'doc_id'
  const quoted = /^"((?:[^"]|"")+)"|^`((?:[^`]|``)+)`|^\[([^\]]+)\]|^'((?:[^']|'')+)'/.exec(trimmed)
  const name = quoted
    ? (quoted[1]?.replaceAll('""', '"') ??
      quoted[2]?.replaceAll('``', '`') ??
      quoted[3] ??
      quoted[4].replaceAll("''", "'"))
    : trimmed.split(/\s+/)[0]
  if (isReservedColumn(name) || name.toLowerCase() === table.toLowerCase()) {
    throw optionError(
      `vec: the id column cannot be called ${name}: the table already has a column with that name`,
      'choose another name, for example doc_id',
    )
  }
  return name
}

function splitOption(arg: string): [Key, string] {
  const at = arg.indexOf('=')
  if (at < 0) {
    throw optionError(
      `vec: '${arg.trim()}' is not an option: expected name=value, or a column as name TYPE, after the id column`,
      `options are ${KEYS.join(', ')}; types of columns are TEXT, INTEGER, REAL, JSON`,
    )
  }
  const name = arg.slice(0, at).trim().toLowerCase()
  const key = KEYS.find(known => known === name)
  if (!key) {
    throw optionError(
      `vec: unknown option '${arg.slice(0, at).trim()}'${didYouMean(name, KEYS, "'") || '.'} Options are ${KEYS.join(', ')}`,
      'remove or correct the option',
    )
  }
  return [key, unquote(arg.slice(at + 1).trim())]
}

/** Removes one pair of quotes. */
export function unquote(value: string): string {
  const quote = value[0]
  const paired = value.length >= 2 && (quote === "'" || quote === '"') && value.endsWith(quote)
  return paired ? value.slice(1, -1).replaceAll(quote + quote, quote) : value
}

export function dbpathOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  if (value === '') {
    throw optionError(
      'vec: dbpath is empty',
      'set dbpath to the path of a database file, or omit it',
    )
  }
  return value
}

function metricFrom(given: ReadonlyMap<Key, string>): Metric {
  const ofOriginal = Object.fromEntries(
    Object.entries(METRIC_NAMES).filter(([, metric]) => originalDistance(metric)),
  )
  const distance = given.get('cover_distance')
  const alias =
    distance === undefined
      ? undefined
      : oneOf<Metric>('cover_distance', distance, ofOriginal, DEFAULT_METRIC)
  const text = given.get('metric')
  if (text === undefined) return alias ?? DEFAULT_METRIC
  const metric = oneOf<Metric>('metric', text, METRIC_NAMES, DEFAULT_METRIC)
  if (alias !== undefined && alias !== metric) {
    throw optionError(
      `vec: metric=${text} and cover_distance=${distance} contradict each other`,
      'cover_distance is the older name of metric: use only one of them',
    )
  }
  return metric
}

function coverBaseOf(value: string | undefined): number {
  if (value === undefined) return 1.3
  const base = value === '' ? NaN : Number(value)
  if (!(base > 1) || !Number.isFinite(base)) {
    throw optionError(
      `vec: cover_base must be a number above 1, got '${value}'`,
      'the default is 1.3',
    )
  }
  return base
}

function coverParallelOf(value: string | undefined): 'auto' | 'off' | number {
  if (value === undefined || value.toLowerCase() === 'auto') return 'auto'
  if (value.toLowerCase() === 'off' || value === '0') return 'off'
  const workers = Number(value)
  if (!Number.isInteger(workers) || workers < 1 || value.trim() === '') {
    throw optionError(
      `vec: cover_parallel must be auto, off or a number of workers from 1, got '${value}'`,
      'the default is auto',
    )
  }
  return workers
}

function recallOf(value: string | undefined): number {
  if (value === undefined) return 1
  const recall = value.trim() === '' ? NaN : Number(value)
  if (!isRecall(recall)) {
    throw optionError(
      `vec: recall must be ${RECALL_RANGE}, got '${value}'`,
      'recall=0.98 finds 98 % of the nearest rows on average; omit recall for exact searches',
    )
  }
  return recall
}

function typeOf(given: ReadonlyMap<Key, string>): EmbeddingType {
  const names: Readonly<Record<EmbeddingTypeName, EmbeddingTypeName>> = {
    f32: 'f32',
    f16: 'f16',
    int8: 'int8',
  }
  const name = oneOf<EmbeddingTypeName>('type', given.get('type'), names, 'f32')
  const text = given.get('int8_range')
  if (name !== 'int8') {
    if (text !== undefined) {
      throw optionError(
        `vec: int8_range=${text} belongs to type=int8, but the type is ${name}`,
        'omit int8_range, or add type=int8',
      )
    }
    return name === 'f16' ? F16 : F32
  }
  const range = text === undefined ? 1 : text.trim() === '' ? NaN : Number(text)
  if (isRange(range)) return int8Type(range)
  throw optionError(
    `vec: int8_range must be ${RANGE_RULE}, got '${text}'`,
    'the embedding numbers are from -int8_range to int8_range; the default is 1',
  )
}

function oneOf<T>(
  key: Key,
  value: string | undefined,
  choices: Readonly<Record<string, T>>,
  fallback: T,
): T {
  if (value === undefined) return fallback
  const lower = value.toLowerCase()
  if (Object.hasOwn(choices, lower)) return choices[lower]
  const names = Object.keys(choices)
  throw optionError(
    `vec: ${key} cannot be '${value}'${didYouMean(lower, names, "'") || '.'} Expected one of ${names.join(', ')}`,
    `correct ${key}, or omit it`,
  )
}

function optionError(message: string, hint: string): VecError {
  return new VecError('VEC_OPTION', message, { hint })
}
