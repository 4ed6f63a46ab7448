import type { Connection } from '../entries/main.ts'
import { maintain } from '../entries/vecadmin.ts'
import type { MethodName, Methods, PackedAnswer, Place } from './contract.ts'
import { Dataset } from './dataset.ts'
import { describeFile } from './methods/describe.ts'
import { fieldsOf, valuesOf } from './methods/fields.ts'
import { pointMap } from './methods/map.ts'
import { neighbors, NeighborSearches } from './methods/neighbors.ts'
import { replicaFacts } from './methods/replica-facts.ts'
import { RowSamples } from './methods/row-samples.ts'
import { documents, search } from './methods/search.ts'
import { pack } from './packed.ts'

/** The SQL that asks: `SELECT svec_ui(method, arguments)`, where the arguments are a JSON array. */
export const ASK = 'SELECT svec_ui(?, ?)'

/**
 * Defines the SQL function that answers pages. As a function, it runs in the worker that has the database, and over
 * the same protocol as every other query: in the worker of another tab, too.
 */
export function defineUiFunction(db: Connection): void {
  const methods = methodsOf(db)
  db.function('svec_ui', { directOnly: true }, (method: unknown, values: unknown) =>
    pack(answer(methods, String(method), String(values))),
  )
}

function methodsOf(db: Connection): Methods {
  /** In one read transaction: without it, each statement would take and release the locks of the file. */
  const inDataset = <R>(place: Place, task: (dataset: Dataset) => R): R =>
    db.transaction(() => task(new Dataset(db, place)))()
  const samples = new RowSamples()
  const searches = new NeighborSearches()
  return {
    describe: () => db.transaction(() => describeFile(db))(),
    check: table => maintain(db, table, 'check'),
    repair: table => maintain(db, table, 'repair'),
    stats: place => [
      ...maintain(db, place.table, 'stats', { dataset: place.dataset }),
      ...inDataset(place, replicaFacts),
    ],
    map: place => inDataset(place, pointMap),
    sample: (place, rows) => inDataset(place, dataset => samples.keep(dataset, rows)),
    nearest: (place, sample, rows, k) =>
      inDataset(place, dataset => samples.nearest(dataset, sample, rows, k)),
    fields: place => inDataset(place, fieldsOf),
    values: (place, field) => inDataset(place, dataset => valuesOf(dataset, field)),
    search: (place, request) => inDataset(place, dataset => search(dataset, request)),
    documents: (place, rows, withVectors) =>
      inDataset(place, dataset => documents(dataset, rows, withVectors)),
    neighbors: (place, rows) => inDataset(place, dataset => neighbors(dataset, rows)),
    beginNeighbors: place => inDataset(place, dataset => searches.begin(dataset)),
    continueNeighbors: id => db.transaction(() => searches.continue(id))(),
    endNeighbors: id => searches.end(id),
  }
}

/** Errors are values: an SQL function would lose their codes and hints. */
function answer(methods: Methods, method: string, values: string): PackedAnswer {
  try {
    if (!Object.hasOwn(methods, method)) throw new TypeError(`there is no method '${method}'`)
    const given = JSON.parse(values) as unknown
    if (!Array.isArray(given)) throw new TypeError('the arguments are not a JSON array')
    const run = methods[method as MethodName] as (...all: readonly unknown[]) => unknown
    return { value: run(...(given as readonly unknown[])) }
  } catch (error) {
    const { code, hint, message } = error as Error & { code?: string; hint?: string }
    return {
      error: { code: code ?? 'UI_ARGUMENT', message, ...(hint === undefined ? {} : { hint }) },
    }
  }
}
