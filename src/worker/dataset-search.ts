import { requireName } from '../documents/arguments.ts'
import { DatasetHandle } from '../documents/collection/dataset-handle.ts'
import type { HitPage } from '../documents/collection/hit.ts'
import { runQuerySync } from '../documents/collection/run-query.ts'
import type { Connection } from '../sqlite/connection.ts'
import type { Call } from './protocol.ts'

/** The maximum number of datasets that are kept. */
const MOST_DATASETS = 64

/** Answers the searches of clients in the datasets of one connection. */
export class DatasetSearch {
  readonly #db: Connection
  readonly #datasets = new Map<string, DatasetHandle>()

  constructor(db: Connection) {
    this.#db = db
  }

  search({ dataset, query, table }: Extract<Call, { op: 'search' }>): HitPage {
    return runQuerySync('querySync()', this.#dataset(table, dataset), query)
  }

  /** What a Collection searches in. Its other methods would make the file of a browser's worker larger. */
  #dataset(table: string, dataset: string): DatasetHandle {
    const key = JSON.stringify([table, dataset])
    let handle = this.#datasets.get(key)
    if (handle === undefined) {
      requireName(table, 'options.table')
      requireName(dataset, 'options.dataset')
      const use = { db: this.#db, close: () => undefined }
      const place = { table, dataset, declaration: undefined }
      handle = new DatasetHandle(use, place, { embed: undefined, model: undefined })
      if (this.#datasets.size === MOST_DATASETS) this.#datasets.clear()
      this.#datasets.set(key, handle)
    }
    return handle
  }
}
