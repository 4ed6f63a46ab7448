import { requirePlainObject } from '../../core/argument-error.ts'
import type { Filter } from '../../core/filter/filter.ts'
import type { FieldValue } from '../../documents/collection/facets.ts'
import type { HitPage } from '../../documents/collection/hit.ts'
import type { DocumentPage } from '../../documents/collection/list.ts'
import type { Step } from '../../documents/collection/steps.ts'
import type { StoreDatabase, StoreDocuments } from '../store-database.ts'
import { METRICS, type IndexList, type VectorIndexInfo } from './index-list.ts'
import { filterOfMastra } from './mastra-filter.ts'

export type ReadStep = Step<'query'> | Step<'list'>

/** The documents of the indexes of a store. */
export class IndexDocuments {
  readonly #db: StoreDatabase
  readonly #indexes: IndexList
  readonly #words: boolean
  readonly #documents = new Map<string, StoreDocuments>()

  constructor(db: StoreDatabase, indexes: IndexList, words: boolean) {
    this.#db = db
    this.#indexes = indexes
    this.#words = words
  }

  close(): void {
    for (const documents of this.#documents.values()) documents.close()
  }

  of({ name, table, metric }: VectorIndexInfo): StoreDocuments {
    const key = JSON.stringify([table, name])
    let documents = this.#documents.get(key)
    if (!documents) {
      const words = this.#words
      documents = this.#db.documents({ table, words, metric: METRICS[metric] }, { dataset: name })
      this.#documents.set(key, documents)
    }
    return documents
  }

  /**
   * Runs a step that reads an index. What is known of the index is looked up in the same call, not in one before: another
   * connection may have changed it, and then the step runs again.
   */
  async read(
    where: string,
    name: string,
    stepOf: (index: VectorIndexInfo) => Promise<ReadStep>,
  ): Promise<HitPage | DocumentPage> {
    const known = this.#indexes.known(name)
    let failure: unknown
    if (known) {
      try {
        const steps = [this.#indexes.lookUp(name), await stepOf(known)] as const
        const [[stored], result] = await this.of(known).steps(where, steps)
        if (stored === known.stored) return result
      } catch (error) {
        failure = error
      }
    }
    const index = await this.#indexes.get(where, name)
    if (failure !== undefined && index.stored === known?.stored) throw failure
    const [result] = await this.of(index).steps(where, [await stepOf(index)])
    return result
  }

  /** All ids that match a filter. */
  async ids(where: string, index: VectorIndexInfo, filter: Filter): Promise<string[]> {
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const options = { filter, include: [], limit: 10_000, cursor }
      const [page] = await this.of(index).steps(where, [['list', options]])
      for (const { id } of page.documents) ids.push(id)
      cursor = page.cursor
    } while (cursor !== undefined)
    return ids
  }

  /** A filter of ours. Its regular expressions are matched against the distinct values of their fields. */
  async filter(
    where: string,
    name: string,
    filter: unknown,
    index: VectorIndexInfo,
  ): Promise<Filter> {
    requirePlainObject(where, name, filter, 'a filter')
    const values = new Map<string, readonly FieldValue[]>()
    for (;;) {
      const missing = new Set<string>()
      const translated = filterOfMastra(filter, path => {
        const known = values.get(path)
        if (known === undefined) missing.add(path)
        return known ?? []
      })
      if (missing.size === 0) return translated
      const paths = [...missing]
      const steps = paths.map(path => ['distinct', `meta.${path}`, {}] as const)
      const found = await this.of(index).steps(where, steps)
      for (const [i, path] of paths.entries()) values.set(path, found[i])
    }
  }

  /** A filter that selects what is changed or deleted. */
  async selecting(
    where: string,
    name: string,
    filter: unknown,
    index: VectorIndexInfo,
  ): Promise<Filter> {
    if (typeof filter === 'object' && filter !== null && Object.keys(filter).length === 0) {
      throw new RangeError(
        `${where}: ${name} is an empty filter, which every vector passes: expected a condition`,
      )
    }
    return this.filter(where, name, filter, index)
  }
}
