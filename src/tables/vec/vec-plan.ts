import { VecError } from '../../core/errors.ts'
import { metricOf, type Metric } from '../../core/metric.ts'
import { OP, type Constraint, type IndexInfo } from '../../sqlite/vtab/index-info.ts'

/** Columns of a vec table, in the order of its declaration. */
export const COLUMN = {
  DATASET: 0,
  DOC: 1,
  SCORE: 2,
  DISTANCE: 3,
  K: 4,
  CONTENT: 5,
  META: 6,
  EMBEDDING: 7,
  /** Named like the table: INSERT of a command. Absent where another column has that name. */
  COMMAND: 8,
} as const

/**
 * idxNum: what the rows come from. MATCH: a search whose rows are ranked as they are read. MATCH_WHOLE: one whose rows are all
 * read, because SQLite sorts them itself, or because `k` says how many there are and nothing is filtered here.
 */
export const PLAN = { SCAN: 0, MATCH: 1, MATCH_WHOLE: 2 } as const

/**
 * idxStr: one word for each argument of xFilter, in their order.
 *
 * | word                       | argument                                  |
 * |----------------------------|-------------------------------------------|
 * | `dataset=`, `dataset-in`   | one dataset, or an IN taken as a whole    |
 * | `match`                    | the query vector                          |
 * | `id=`, `id-in`             | the only documents wanted                 |
 * | `k`, `limit`, `offset`     | how many rows                             |
 * | `score>` `>=` `<` `<=` `=` | a bound of match_score                    |
 * | `distance>` ...            | a bound of distance                       |
 */
export type PlanWord =
  | 'dataset='
  | 'dataset-in'
  | 'match'
  | 'id='
  | 'id-in'
  | 'k'
  | 'limit'
  | 'offset'
  | `${'score' | 'distance'}${Comparison}`

export type Comparison = '>' | '>=' | '<' | '<=' | '='

const COMPARISONS = new Map<number, Comparison>([
  [OP.GT, '>'],
  [OP.GE, '>='],
  [OP.LT, '<'],
  [OP.LE, '<='],
  [OP.EQ, '='],
])

/** Chooses the plan. False: SQLite must ask with other constraints (a join in the other order). */
export function planVec(info: IndexInfo, metric: Metric): boolean {
  const conditions = info.constraints.filter(c => c.op !== OP.LIMIT && c.op !== OP.OFFSET)
  const match = conditions.find(c => c.op === OP.MATCH && c.column === COLUMN.DOC)
  if (match && !match.usable) return false
  const dataset = equality(info, conditions, COLUMN.DATASET)
  if (!dataset) {
    if (conditions.some(c => c.column === COLUMN.DATASET && c.op === OP.EQ && !c.usable))
      return false
    throw new VecError(
      'VEC_QUERY',
      match
        ? 'vec: dataset_id constraint is required with MATCH'
        : 'vec: dataset_id constraint required',
      { hint: "every query names its dataset: WHERE dataset_id = '...'" },
    )
  }

  const words: PlanWord[] = []
  const used = new Set<Constraint>()
  const take = (constraint: Constraint, word: PlanWord): void => {
    info.use(constraint, true)
    used.add(constraint)
    words.push(word)
  }
  take(dataset, info.takeList(dataset) ? 'dataset-in' : 'dataset=')
  const manyDatasets = words[0] === 'dataset-in'
  const id = equality(info, conditions, COLUMN.DOC)
  if (id) take(id, info.takeList(id) ? 'id-in' : 'id=')

  if (match) {
    take(match, 'match')
    for (const c of conditions) {
      if (!c.usable) continue
      const comparison = COMPARISONS.get(c.op)
      if (comparison === undefined) continue
      if (c.column === COLUMN.SCORE) take(c, `score${comparison}`)
      else if (c.column === COLUMN.DISTANCE) take(c, `distance${comparison}`)
      else if (c.column === COLUMN.K && comparison === '=') take(c, 'k')
    }
  }
  info.orderByConsumed = match !== undefined && comesInOrder(info, metric, manyDatasets)

  // SQLite still filters what is left, or still sorts: then it needs all rows.
  const complete = conditions.every(c => used.has(c))
  if (complete && (info.orderBy.length === 0 || info.orderByConsumed)) {
    const limit = info.constraints.find(c => c.op === OP.LIMIT && c.usable)
    const offset = info.constraints.find(c => c.op === OP.OFFSET)
    if (limit && (!offset || offset.usable)) {
      take(limit, 'limit')
      if (offset) take(offset, 'offset')
    }
  }

  const sorted = info.orderBy.length > 0 && !info.orderByConsumed
  const counted = complete && words.includes('k')
  info.plan = match ? (sorted || counted ? PLAN.MATCH_WHOLE : PLAN.MATCH) : PLAN.SCAN
  info.detail = words.join(' ')
  const single = id !== undefined && words.includes('id=') && !manyDatasets
  info.unique = single
  // A search costs about the same with one id as with all: so a join searches first, and its rows come nearest first.
  info.cost = match ? 2000 : id ? 20 : 100_000
  info.rows = single ? 1n : match ? 50n : id ? 10n : 10_000n
  return true
}

/** The = or IN that narrows a column; one value rather than a list of them. */
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

/** Rows come by falling similarity, equal ones by id: score and distance follow that order, though they may round. */
function comesInOrder(info: IndexInfo, metric: Metric, manyDatasets: boolean): boolean {
  const [first, second, ...others] = info.orderBy
  if (first === undefined || others.length > 0) return false
  const nearest =
    (first.column === COLUMN.SCORE && first.descending) ||
    (first.column === COLUMN.DISTANCE && !first.descending)
  if (!nearest || second === undefined) return nearest
  const { score, distance } = metricOf(metric).rounds
  const rounds = first.column === COLUMN.SCORE ? score : distance
  return !rounds && !manyDatasets && second.column === COLUMN.DOC && !second.descending
}
