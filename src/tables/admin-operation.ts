import type { Connection } from '../engine/connection.ts'
import { VecError } from '../errors.ts'
import { datasetsOf } from '../store/datasets.ts'
import { finding, type Finding } from '../store/finding.ts'
import type { Searcher } from '../store/search.ts'
import { findTarget } from './admin-target.ts'

type Operation = (searcher: Searcher, dataset: string) => Finding[]

/** An empty dataset stands for all that there are. */
function forEach(operation: Operation): Operation {
  return (searcher, dataset) =>
    dataset === ''
      ? datasetsOf(searcher.shadow).flatMap(name => operation(searcher, name))
      : operation(searcher, dataset)
}

/** What each word does. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  reindex: (searcher, dataset) => [
    finding('ok', 'reindex', `reindexed:${searcher.slices.rebuild(dataset)}`, { dataset }),
  ],
  stats: forEach((searcher, dataset) =>
    searcher.slices.stats(dataset).map(fact => {
      const topic = fact.slice(0, fact.indexOf(':')).replaceAll(' ', '-')
      return finding('info', topic, fact, { dataset })
    }),
  ),
  optimize: forEach((searcher, dataset) =>
    searcher.slices
      .optimize(dataset)
      .map(done => finding(done === 'optimized' ? 'ok' : 'warning', 'optimize', done, { dataset })),
  ),
}

/** Carries out '[word:]shadow:dataset'. */
export function runOperation(db: Connection, op: string): Finding[] {
  const [first] = op.split(':', 1)
  const named = Object.hasOwn(OPERATIONS, first)
  const operation = named ? OPERATIONS[first] : OPERATIONS['reindex']
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
  const searcher = target.table.searcher()
  return searcher.shadow.inSnapshot(() => operation(searcher, target.dataset))
}

export function adminError(message: string): VecError {
  return new VecError('VEC_QUERY', message, {
    hint: "SELECT op FROM vec_admin WHERE op MATCH 'main._vec_vec_docs:dataset'",
  })
}
