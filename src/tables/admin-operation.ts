import type { Connection } from '../engine/connection.ts'
import { VecError } from '../errors.ts'
import { check } from '../store/check.ts'
import { datasetsOf } from '../store/datasets.ts'
import { isShadowError, type Inspected } from '../store/defect.ts'
import { finding, type Finding } from '../store/finding.ts'
import { quoteName, quoteText } from '../store/names.ts'
import { repair } from '../store/repair.ts'
import { findTarget, type Target } from './admin-target.ts'

interface Operation {
  /** It writes into the file, so that it cannot run inside a statement that writes. */
  readonly writes: boolean
  /** It cannot do without writing. */
  readonly needsFile?: boolean
  run(target: Target, inspected: Inspected): Finding[]
}

/** What each word does. An empty dataset stands for all that there are, but for `reindex`, as in the original. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  reindex: {
    writes: true,
    run: ({ dataset }, { searcher }) => [
      finding('ok', 'reindex', `reindexed:${searcher.slices.rebuild(dataset)}`, { dataset }),
    ],
  },
  stats: {
    writes: false,
    run: forEach((dataset, { searcher }) =>
      searcher.slices.stats(dataset).map(fact => {
        const topic = fact.slice(0, fact.indexOf(':')).replaceAll(' ', '-')
        return finding('info', topic, fact, { dataset })
      }),
    ),
  },
  optimize: {
    writes: true,
    run: forEach((dataset, { searcher }) =>
      searcher.slices
        .optimize(dataset)
        .map(done =>
          finding(done === 'optimized' ? 'ok' : 'warning', 'optimize', done, { dataset }),
        ),
    ),
  },
  check: {
    writes: false,
    run: (target, inspected) => check(inspected, datasetsIn(target, inspected)),
  },
  repair: {
    writes: true,
    needsFile: true,
    run: (target, inspected) => repair(inspected, datasetsIn(target, inspected)),
  },
}

function forEach(
  operation: (dataset: string, inspected: Inspected) => Finding[],
): Operation['run'] {
  return (target, inspected) =>
    datasetsIn(target, inspected).flatMap(dataset => operation(dataset, inspected))
}

function datasetsIn({ dataset }: Target, { searcher }: Inspected): readonly string[] {
  if (dataset !== '') return [dataset]
  try {
    return datasetsOf(searcher.shadow)
  } catch (error) {
    // The check says what is wrong with the table.
    if (isShadowError(error)) return []
    throw error
  }
}

/** Carries out '[word:]shadow:dataset', asked of a vec_admin table of this name. */
export function runOperation(db: Connection, admin: string, op: string): Finding[] {
  const [first] = op.split(':', 1)
  const named = Object.hasOwn(OPERATIONS, first)
  const word = named ? first : 'reindex'
  const rest = named ? op.slice(first.length + 1) : op
  const colon = rest.indexOf(':')
  if (colon <= 0) {
    throw adminError(
      `vec_admin: '${op}' is no operation: expected is [${Object.keys(OPERATIONS).join('|')}:]shadow:dataset, for instance 'main._vec_vec_docs:a'`,
    )
  }
  const target = findTarget(db, rest)
  if (!target) {
    const shadow = rest.slice(0, colon)
    throw adminError(
      `vec_admin: no vec table stands over ${shadow.includes('.') ? shadow : `main.${shadow}`}: create it with USING vec(...)`,
    )
  }
  const operation = OPERATIONS[word]
  const searcher = target.table.searcher()
  if (operation.writes) requireAlone(db, word)
  if (operation.needsFile) requireWritable(searcher.shadow.db, searcher.shadow.schema, word)
  const inspected: Inspected = {
    searcher,
    remedy: (mending, dataset) =>
      `SELECT op FROM ${/^\w+$/.test(admin) ? admin : quoteName(admin)} WHERE op MATCH ${quoteText(`${mending}:${target.name}:${dataset}`)}`,
  }
  return searcher.shadow.inSnapshot(() => operation.run(target, inspected))
}

/**
 * Inside a statement that writes (INSERT ... SELECT from vec_admin) no savepoint can be opened, and nothing could be
 * undone when something fails half-way.
 */
function requireAlone(db: Connection, word: string): void {
  if (!isWriting(db)) return
  throw new VecError(
    'VEC_QUERY',
    `vec_admin: ${word} writes, and cannot run inside a statement that writes itself`,
    { hint: 'run the SELECT from vec_admin on its own, then store its rows' },
  )
}

function isWriting(db: Connection): boolean {
  if (!db.inTransaction) return db.transactionState() === 'write'
  try {
    db.exec('SAVEPOINT "vec_admin"; RELEASE "vec_admin"')
    return false
  } catch {
    return true
  }
}

function requireWritable(db: Connection, schema: string, word: string): void {
  if (!db.isReadonly(schema)) return
  throw new VecError(
    'SQLITE_READONLY',
    `vec_admin: ${word} writes, and the file is open for reading only`,
    { hint: 'open the file without readonly, and check that file and folder can be written' },
  )
}

export function adminError(message: string): VecError {
  return new VecError('VEC_QUERY', message, {
    hint: "SELECT op FROM vec_admin WHERE op MATCH 'main._vec_vec_docs:dataset'",
  })
}
