import { VecError } from '../../core/errors.ts'
import { metricOf, type Metric } from '../../core/metric.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import type { StoredColumn, TableSchema } from '../../search/schema/table-schema.ts'
import {
  OP,
  type Constraint,
  type IndexInfo,
  type Plan,
  type PlanTerm,
} from '../../sqlite/vtab/index-info.ts'

export type Comparison = '>' | '>=' | '<' | '<=' | '='

/**
 * How a statement reads a vec table. Its numbers are positions among the values that `filter` receives.
 *
 * The text of a plan, in EXPLAIN QUERY PLAN, has one word for each value:
 *
 * | word                       | argument                                  |
 * |----------------------------|-------------------------------------------|
 * | `dataset=`, `dataset-in`   | one dataset, or an IN taken as a whole    |
 * | `match`                    | the query vector, or the words            |
 * | `id=`, `id-in`             | restricts the search to these documents   |
 * | `filter=`                  | a metadata filter in JSON                 |
 * | `column8=`, `column8like`, `column8contains` ... | a condition on a metadata column          |
 * | `k`, `limit`, `offset`     | how many rows                             |
 * | `recall=`                  | what share of the nearest rows to find    |
 * | `score>` `>=` `<` `<=` `=` | a bound of match_score                    |
 * | `distance>` ...            | a bound of distance                       |
 */
export interface VecPlan extends Plan {
  /** Whether SQLite relies on rising distances. */
  readonly byDistance: boolean
  /** Whether all rows are read: SQLite sorts them itself, or `k` gives their number and no filter applies here. */
  readonly whole: boolean
  /** The position of the dataset; -1 if the statement names none. */
  readonly dataset: number
  /** Whether the datasets are a list. */
  readonly listed: boolean
  readonly ids: number | undefined
  readonly filter: number | undefined
  /** Undefined for a scan of the dataset. */
  readonly match: number | undefined
  readonly k: number | undefined
  readonly recall: number | undefined
  readonly limit: number | undefined
  readonly offset: number | undefined
  readonly bounds: readonly PlannedBound[]
  /** Conditions on metadata columns. All of them must hold. */
  readonly conditions: readonly PlannedCondition[]
  /** The columns that the table declares. */
  readonly metadata: readonly StoredColumn[]
}

export interface PlannedCondition {
  readonly column: StoredColumn
  readonly operator:
    | Comparison
    | '<>'
    | 'IN'
    | 'LIKE'
    | 'GLOB'
    | 'contains'
    | 'IS NULL'
    | 'IS NOT NULL'
  readonly value: number
}

export interface PlannedBound {
  readonly of: 'score' | 'distance'
  readonly comparison: Comparison
  readonly value: number
}

const COMPARISONS = new Map<number, Comparison>([
  [OP.GT, '>'],
  [OP.GE, '>='],
  [OP.LT, '<'],
  [OP.LE, '<='],
  [OP.EQ, '='],
])

const CONDITIONS = new Map<number, Exclude<PlannedCondition['operator'], 'IN'>>([
  ...COMPARISONS,
  [OP.LIKE, 'LIKE'],
  [OP.GLOB, 'GLOB'],
  [OP.FUNCTION, 'contains'],
  [OP.NE, '<>'],
  [OP.IS_NULL, 'IS NULL'],
  [OP.IS_NOT_NULL, 'IS NOT NULL'],
])

/** The numbers of plans in EXPLAIN QUERY PLAN. */
const SCAN = 0
const RANKED_AS_READ = 1
const RANKED_WHOLE = 2
/** Added to a ranked plan that goes by distance; searches with words do not rank by it. */
const BY_DISTANCE = 2

/** Without a dataset: reading a row is an error. */
const NO_DATASET: VecPlan = {
  number: SCAN,
  text: '',
  terms: [],
  ordered: false,
  unique: false,
  cost: 1e9,
  rows: 1e9,
  whole: false,
  dataset: -1,
  listed: false,
  ids: undefined,
  filter: undefined,
  match: undefined,
  k: undefined,
  recall: undefined,
  limit: undefined,
  offset: undefined,
  bounds: [],
  conditions: [],
  metadata: [],
  byDistance: false,
}

/** Chooses the plan. Undefined: SQLite must ask with other constraints (a join in the other order). */
export function planVec(info: IndexInfo, schema: TableSchema, metric: Metric): VecPlan | undefined {
  const datasetColumn = schema.place('dataset')
  const idColumn = schema.place('id')
  const conditions = info.constraints.filter(c => c.op !== OP.LIMIT && c.op !== OP.OFFSET)
  const match = conditions.find(
    c => c.op === OP.MATCH && ['id', 'command'].includes(schema.columns[c.column]?.role),
  )
  if (match && !match.usable) return undefined
  // SQLite cannot check these itself: a row does not have them.
  const given = (name: 'filter' | 'k' | 'recall'): Constraint | undefined =>
    conditions.find(c => c.op === OP.EQ && c.column === schema.place(name) && c.column >= 0)
  const filter = given('filter')
  const needed = match ? [filter, given('k'), given('recall')] : [filter]
  if (needed.some(c => c && !c.usable)) return undefined
  const dataset = equality(info, conditions, datasetColumn)
  if (!dataset) {
    const waits = conditions.some(c => c.column === datasetColumn && c.op === OP.EQ && !c.usable)
    if (waits) return undefined
    // For `dataset_id = 'a' AND 0`, SQLite asks without the dataset, and then reads no row.
    if (conditions.every(c => c === match)) return { ...NO_DATASET, match: match && -1 }
    throw datasetRequired(match !== undefined)
  }

  const taken = new TakenTerms(info)
  const manyDatasets = info.isList(dataset)
  const datasetTerm = taken.equality(dataset, 'dataset')
  const id = equality(info, conditions, idColumn)
  const ids = id && taken.ids(id)
  const filterTerm = filter && taken.take(filter, 'filter=')
  const planned = metadataConditions(info, schema, conditions, taken)
  const matchTerm = match && taken.query(match)
  const bounds: PlannedBound[] = []
  let k: number | undefined
  let recall: number | undefined
  for (const constraint of match ? conditions : []) {
    const comparison = COMPARISONS.get(constraint.op)
    if (!constraint.usable || comparison === undefined) continue
    const { column } = constraint
    if (column === schema.place('score') || column === schema.place('distance')) {
      const of = column === schema.place('score') ? 'score' : 'distance'
      bounds.push({ of, comparison, value: taken.take(constraint, `${of}${comparison}`) })
    } else if (column === schema.place('k') && comparison === '=') {
      k ??= taken.take(constraint, 'k')
    } else if (column === schema.place('recall') && comparison === '=') {
      recall ??= taken.take(constraint, 'recall=')
    }
  }
  const ordered = match !== undefined && comesInOrder(info, schema, metric, manyDatasets)

  // If SQLite still filters or sorts, it needs all rows.
  const complete = conditions.every(c => taken.has(c))
  let limit: number | undefined
  let offset: number | undefined
  if (complete && (info.orderBy.length === 0 || ordered)) {
    const first = info.constraints.find(c => c.op === OP.LIMIT && c.usable)
    const skip = info.constraints.find(c => c.op === OP.OFFSET)
    if (first && (!skip || skip.usable)) {
      limit = taken.take(first, 'limit')
      offset = skip && taken.take(skip, 'offset')
    }
  }

  const sorted = info.orderBy.length > 0 && !ordered
  const whole = match !== undefined && (sorted || (complete && k !== undefined))
  const single = id !== undefined && !info.isList(id) && !manyDatasets
  const byDistance =
    schema.hasText && ordered && info.orderBy[0].column === schema.place('distance')
  const number = !match ? SCAN : whole ? RANKED_WHOLE : RANKED_AS_READ
  return {
    number: byDistance ? number + BY_DISTANCE : number,
    text: taken.words.join(' '),
    terms: taken.terms,
    ordered,
    unique: single,
    // A search costs about the same with one id as with all, so a join searches first, and its rows come nearest
    // first.
    cost: match ? 2000 : id ? 20 : 100_000,
    rows: single ? 1 : match ? 50 : id ? 10 : 10_000,
    byDistance,
    whole,
    dataset: datasetTerm,
    listed: manyDatasets,
    ids,
    filter: filterTerm,
    match: matchTerm,
    k,
    recall,
    limit,
    offset,
    bounds,
    conditions: planned,
    metadata: schema.metadata,
  }
}

/** Takes the conditions on metadata columns. SQLite checks a condition that depends on another table. */
function metadataConditions(
  info: IndexInfo,
  schema: TableSchema,
  constraints: readonly Constraint[],
  taken: TakenTerms,
): PlannedCondition[] {
  const planned: PlannedCondition[] = []
  for (const constraint of constraints) {
    const column = schema.columns[constraint.column]
    const operator = CONDITIONS.get(constraint.op)
    if (!constraint.usable || column?.role !== 'metadata' || operator === undefined) continue
    if (operator === 'contains' && column.stored?.json !== true) continue
    const compares = COMPARISONS.has(constraint.op) || operator === '<>'
    if (compares && info.collation(constraint) !== 'BINARY') continue
    const list = operator === '=' && info.isList(constraint)
    const word = `column${constraint.column}${list ? '-in' : operator.toLowerCase().replaceAll(' ', '-')}`
    const value = taken.take(constraint, word, list, true)
    planned.push({ column: column.stored!, operator: list ? 'IN' : operator, value })
  }
  return planned
}

/** The constraints that a plan takes over, and the text of the plan. */
class TakenTerms {
  readonly terms: PlanTerm[] = []
  readonly words: string[] = []
  readonly #info: IndexInfo

  constructor(info: IndexInfo) {
    this.#info = info
  }

  /** Returns the position of the constraint's value. */
  take(constraint: Constraint, word: string, list = false, bigints = false): number {
    this.words.push(word)
    return this.terms.push({ constraint, list, bigints }) - 1
  }

  equality(constraint: Constraint, name: string): number {
    const list = this.#info.isList(constraint)
    return this.take(constraint, list ? `${name}-in` : `${name}=`, list)
  }

  /** The query vector, and the subtype that tells how its bytes are read. */
  query(constraint: Constraint): number {
    this.words.push('match')
    return this.terms.push({ constraint, subtype: true }) - 1
  }

  ids(constraint: Constraint): number {
    if (!this.#info.isList(constraint)) return this.take(constraint, 'id=')
    this.words.push('id-in')
    return this.terms.push({ constraint, list: true, texts: true }) - 1
  }

  has(constraint: Constraint): boolean {
    return this.terms.some(term => term.constraint === constraint)
  }
}

export function datasetRequired(matching: boolean): VecError {
  return new VecError(
    'VEC_QUERY',
    matching
      ? 'vec: dataset_id constraint is required with MATCH'
      : 'vec: dataset_id constraint required',
    { hint: `every query names its dataset: WHERE ${COLUMN.dataset} = '...'` },
  )
}

/** The = or IN that narrows a column. A single value is preferred over a list. */
function equality(
  info: IndexInfo,
  conditions: readonly Constraint[],
  column: number,
): Constraint | undefined {
  const usable = conditions.filter(
    c => c.usable && c.op === OP.EQ && c.column === column && info.collation(c) === 'BINARY',
  )
  return usable.find(c => !info.isList(c)) ?? usable[0]
}

/** Rows come by falling similarity, equal rows by id. Score and distance follow that order, although they may round. */
function comesInOrder(
  info: IndexInfo,
  schema: TableSchema,
  metric: Metric,
  manyDatasets: boolean,
): boolean {
  const [first, second, ...others] = info.orderBy
  if (first === undefined || others.length > 0) return false
  const byScore = first.column === schema.place('score')
  const nearest =
    (byScore && first.descending) ||
    (first.column === schema.place('distance') && !first.descending)
  if (!nearest || second === undefined) return nearest
  const { score, distance } = metricOf(metric).rounds
  const rounds = byScore ? score : distance
  const byId = second.column === schema.place('id') && !second.descending
  return !rounds && !manyDatasets && byId
}
