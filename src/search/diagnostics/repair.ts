import { transaction } from '../../database/transaction.ts'
import { census } from './census.ts'
import { check, indexDefects, shadowFinding, tableDefects } from './check.ts'
import { isShadowError, type Defect, type Inspected } from './defect.ts'
import { finding, type Finding } from './finding.ts'

/** Mending one thing can show another: a chunk is an orphan once its head is deleted. */
const ROUNDS = 20

/**
 * Mends all that can be mended without embedding anew, and says what it did, then what it could not. What is in the file
 * changes in one transaction; indexes are built and saved after it.
 */
export function repair(inspected: Inspected, datasets: readonly string[]): Finding[] {
  const { shadow, slices } = inspected.searcher
  const done: Finding[] = []
  const rebuild = new Set<string>()
  const mendAll = (defects: readonly Defect[]): boolean => {
    let mended = false
    for (const { topic, dataset, mend, rebuild: again } of defects) {
      if (again) for (const name of dataset === undefined ? datasets : [dataset]) rebuild.add(name)
      if (!mend) continue
      done.push(finding('ok', topic, mend(), { dataset }))
      mended = true
    }
    return mended
  }
  try {
    transaction(shadow.db, () => {
      for (let round = 0; round < ROUNDS; round++) {
        shadow.distrust()
        // One at a time: mending the first may take others along.
        const first = tableDefects(inspected).find(({ mend }) => mend)
        if (first) {
          mendAll([first])
          continue
        }
        const mended = datasets.map(dataset =>
          mendAll(indexDefects(inspected, dataset, census(shadow, dataset))),
        )
        if (!mended.includes(true)) break
      }
    }).immediate()
    shadow.distrust()
  } catch (error) {
    shadow.distrust()
    if (isShadowError(error)) return [shadowFinding(error)]
    throw error
  }
  for (const dataset of rebuild) {
    const count = slices.rebuild(dataset)
    done.push(
      finding('ok', 'index', `the index was built anew from ${count} embedded rows`, { dataset }),
    )
  }
  const left = check(inspected, datasets).filter(
    ({ severity }) => severity === 'warning' || severity === 'error',
  )
  if (done.length === 0 && left.length === 0) {
    done.push(finding('ok', 'repair', 'there was nothing to mend'))
  }
  return [...done, ...left]
}
