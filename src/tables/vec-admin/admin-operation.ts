import { VecError } from '../../core/errors.ts'
import { isReadonly, transactionStateOf } from '../../database/capabilities.ts'
import type { Database } from '../../database/database.ts'
import { transaction } from '../../database/transaction.ts'
import { check } from '../../search/diagnostics/check.ts'
import { diagnostic, type Diagnostic } from '../../search/diagnostics/diagnostic.ts'
import { explain } from '../../search/diagnostics/explain.ts'
import { measureRecall } from '../../search/diagnostics/measure-recall.ts'
import { isShadowError, type Inspection } from '../../search/diagnostics/problem.ts'
import { repair } from '../../search/diagnostics/repair.ts'
import { stats } from '../../search/diagnostics/stats.ts'
import { datasetsOf } from '../../search/schema/datasets.ts'
import { quoteName, quoteText } from '../../search/schema/names.ts'
import { originalChecks } from '../../viant/export/check-original.ts'
import { exportDataset } from '../../viant/export/export.ts'
import { originalDistance } from '../../viant/formats/original-distance.ts'
import { findTarget, type Place, type Target } from './admin-target.ts'

interface Operation {
  /** Whether the operation writes to the file, so that it cannot run inside a statement that writes. */
  readonly writes: boolean
  /** Whether the operation cannot work without writing. */
  readonly needsFile?: boolean
  /** What may follow the word: 'export:brute:shadow:dataset'. */
  readonly formats?: readonly string[]
  run(target: Target, inspected: Inspection, format: string): Diagnostic[]
}

/** The effect of each word. An empty dataset means all datasets, except for `reindex`, as in the original. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  reindex: {
    writes: true,
    run: ({ dataset }, { searcher }) => [
      diagnostic('ok', 'reindex', `reindexed:${searcher.indexes.rebuild(dataset)}`, { dataset }),
    ],
  },
  stats: {
    writes: false,
    run: forEach((dataset, { searcher }) => stats(searcher, dataset)),
  },
  optimize: {
    writes: true,
    run: forEach((dataset, { searcher }) => {
      const done = searcher.indexes.optimize(dataset)
      return [
        done.saved
          ? diagnostic('ok', 'optimize', 'optimized', { dataset })
          : diagnostic('warning', 'optimize', `not saved: ${done.why}`, { dataset }),
      ]
    }),
  },
  check: {
    writes: false,
    run: (target, inspected) => check(inspected, datasetsIn(target, inspected)),
  },
  explain: {
    writes: false,
    run: forEach((dataset, inspected) => explain(inspected, dataset)),
  },
  recall: {
    writes: false,
    run: forEach((dataset, { searcher }) => measureRecall(searcher, dataset)),
  },
  export: {
    writes: true,
    needsFile: true,
    formats: ['brute', 'cover'],
    run: (target, inspected, format) => {
      const { coverBase: base, metric } = target.table.options
      const cover = { base, distance: originalDistance(metric) }
      const { searcher } = inspected
      // All datasets, or none.
      return transaction(searcher.shadow.db, () =>
        datasetsIn(target, inspected).map(dataset =>
          exportDataset(searcher, dataset, format as 'brute' | 'cover', cover),
        ),
      ).immediate()
    },
  },
  repair: {
    writes: true,
    needsFile: true,
    run: (target, inspected) => repair(inspected, datasetsIn(target, inspected)),
  },
}

function forEach(
  operation: (dataset: string, inspected: Inspection) => Diagnostic[],
): Operation['run'] {
  return (target, inspected) =>
    datasetsIn(target, inspected).flatMap(dataset => operation(dataset, inspected))
}

function datasetsIn({ dataset }: Target, { searcher }: Inspection): readonly string[] {
  if (dataset !== '') return [dataset]
  try {
    return datasetsOf(searcher.shadow)
  } catch (error) {
    // The check reports what is wrong with the table.
    if (isShadowError(error)) return []
    throw error
  }
}

const WORDS: readonly string[] = Object.entries(OPERATIONS).flatMap(([word, { formats }]) =>
  formats ? formats.map(format => `${word}:${format}`) : [word],
)

interface Order {
  readonly word: string
  readonly format: string
  /** 'shadow:dataset' */
  readonly where: string
}

function orderOf(op: string): Order {
  const [first, second] = op.split(':', 2)
  if (!Object.hasOwn(OPERATIONS, first)) return { word: 'reindex', format: '', where: op }
  const { formats } = OPERATIONS[first]
  const where = op.slice(first.length + 1)
  if (!formats) return { word: first, format: '', where }
  if (!formats.includes(second)) {
    throw adminError(
      `vec_admin: unknown operation '${op}': expected ${formats.map(format => `${first}:${format}:shadow:dataset`).join(' or ')}`,
    )
  }
  return { word: first, format: second, where: where.slice(second.length + 1) }
}

/** Runs '[word:]shadow:dataset' for a vec_admin table of this name. */
export function runOperation(place: Place, admin: string, op: string): Diagnostic[] {
  const { word, format, where } = orderOf(op)
  const colon = where.indexOf(':')
  if (colon <= 0) {
    throw adminError(
      `vec_admin: unknown operation '${op}': expected [${WORDS.join('|')}:]shadow:dataset`,
    )
  }
  const target = findTarget(place, where)
  if (!target) {
    const shadow = where.slice(0, colon)
    throw adminError(
      `vec_admin: found no vec table for ${shadow.includes('.') ? shadow : `main.${shadow}`}: expected the name of a vec table or of its shadow table`,
    )
  }
  const operation = OPERATIONS[word]
  const searcher = target.table.searcher()
  const { db, schema } = searcher.shadow
  if (operation.writes) requireAlone(db, word)
  if (operation.needsFile) requireWritable(db, schema, word)
  const inspected: Inspection = {
    searcher,
    foreign: originalChecks,
    fix: (verb, dataset) =>
      `SELECT op FROM ${/^\w+$/.test(admin) ? admin : quoteName(admin)} WHERE op MATCH ${quoteText(`${verb}:${target.name}:${dataset}`)}`,
  }
  return searcher.shadow.inSnapshot(() => operation.run(target, inspected, format))
}

/**
 * Inside a statement that writes (INSERT ... SELECT from vec_admin), no savepoint can be opened, so a failure
 * half-way could not be undone.
 */
function requireAlone(db: Database, word: string): void {
  if (!isWriting(db)) return
  throw new VecError(
    'VEC_QUERY',
    `vec_admin: ${word} writes, so it cannot run inside a statement that writes`,
    { hint: 'run the SELECT from vec_admin on its own, then store its rows' },
  )
}

function isWriting(db: Database): boolean {
  if (!db.inTransaction) return transactionStateOf(db) === 'write'
  try {
    db.exec('SAVEPOINT "vec_admin"; RELEASE "vec_admin"')
    return false
  } catch {
    return true
  }
}

function requireWritable(db: Database, schema: string, word: string): void {
  if (!isReadonly(db, schema)) return
  throw new VecError(
    'SQLITE_READONLY',
    `vec_admin: ${word} writes, but the file is open read-only`,
    { hint: 'open the file without readonly, and check that the file and its folder are writable' },
  )
}

export function adminError(message: string): VecError {
  return new VecError('VEC_QUERY', message, {
    hint: "SELECT op FROM vec_admin WHERE op MATCH 'main._vec_vec_docs:dataset'",
  })
}
