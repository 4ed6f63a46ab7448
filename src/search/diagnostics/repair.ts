import { transaction } from '../../database/transaction.ts'
import { check, indexProblems, shadowTableProblem, tableProblems } from './check.ts'
import { datasetStatistics } from './dataset-statistics.ts'
import { diagnostic, type Diagnostic } from './diagnostic.ts'
import { isShadowError, type Problem, type Inspection } from './problem.ts'

/** One repair can reveal another problem: a block becomes an orphan when its manifest is deleted. */
const ROUNDS = 20

/**
 * Repairs everything that does not need new embeddings. Returns what it did, then what it could not do. Changes of the
 * file are one transaction; indexes are built and saved after it.
 */
export function repair(inspected: Inspection, datasets: readonly string[]): Diagnostic[] {
  const { shadow, indexes } = inspected.searcher
  const done: Diagnostic[] = []
  const rebuild = new Set<string>()
  const repairAll = (problems: readonly Problem[]): boolean => {
    let repaired = false
    for (const { topic, dataset, repair: task, rebuild: again } of problems) {
      if (again) for (const name of dataset === undefined ? datasets : [dataset]) rebuild.add(name)
      if (!task) continue
      done.push(diagnostic('ok', topic, task(), { dataset }))
      repaired = true
    }
    return repaired
  }
  try {
    transaction(shadow.db, () => {
      for (let round = 0; round < ROUNDS; round++) {
        shadow.distrust()
        // One at a time: repairing the first problem may solve others.
        const first = tableProblems(inspected).find(problem => problem.repair !== undefined)
        if (first) {
          repairAll([first])
          continue
        }
        const repaired = datasets.map(dataset =>
          repairAll(indexProblems(inspected, dataset, datasetStatistics(shadow, dataset))),
        )
        if (!repaired.includes(true)) break
      }
    }).immediate()
    shadow.distrust()
  } catch (error) {
    shadow.distrust()
    if (isShadowError(error)) return [shadowTableProblem(error)]
    throw error
  }
  for (const dataset of rebuild) {
    const count = indexes.rebuild(dataset)
    done.push(
      diagnostic('ok', 'index', `the index was rebuilt from ${count} embedded rows`, {
        dataset,
      }),
    )
  }
  const left = check(inspected, datasets).filter(
    ({ severity }) => severity === 'warning' || severity === 'error',
  )
  if (done.length === 0 && left.length === 0) {
    done.push(diagnostic('ok', 'repair', 'nothing to repair'))
  }
  return [...done, ...left]
}
