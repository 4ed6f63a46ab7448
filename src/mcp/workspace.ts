import { text } from '../core/check-options.ts'
import { VecError } from '../core/errors.ts'
import { didYouMean } from '../core/suggest.ts'
import { Collection } from '../documents/collection.ts'
import { storedModel } from '../documents/embedding-model.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { quoteName } from '../search/schema/names.ts'
import type { Connection } from '../sqlite/connection.ts'
import { describeTable, vecTableNames, type TableDescription } from '../tables/describe-table.ts'
import { label } from './budget.ts'
import type { McpSettings, McpSource } from './mcp-options.ts'
import { RequestError } from './remedy.ts'

/** Names a dataset. A name may be absent if there is only one candidate. */
export interface Address {
  readonly file?: unknown
  readonly table?: unknown
  readonly dataset?: unknown
}

/** A dataset of a vec table of a source. */
export interface Place {
  readonly file: string
  readonly db: Connection
  readonly table: TableDescription
  readonly dataset: string
}

/** The dataset of an empty table, unless a request names one. */
const EMPTY = 'default'
/** At most so many names in an error, and bytes of a name. */
const NAMED = 20
const LONGEST = 100

/** Finds the sources, tables and datasets that requests name. */
export class Workspace {
  readonly settings: McpSettings

  constructor(settings: McpSettings) {
    this.settings = settings
  }

  /** The connections of all sources, or of the one with this name. */
  async open(file?: unknown): Promise<{ readonly file: string; readonly db: Connection }[]> {
    const { sources } = this.settings
    const chosen = file === undefined ? sources : [this.#source(file)]
    const opened: { file: string; db: Connection }[] = []
    for (const { name, db } of chosen) {
      opened.push({ file: name, db: typeof db === 'function' ? await db() : db })
    }
    return opened
  }

  /** The existing dataset that a request names. In an empty table it may be absent. */
  async find(address: Address): Promise<Place> {
    const { file, db, table } = await this.#table(address)
    const names = table.datasets.map(({ name }) => name)
    // A search of an empty table finds nothing.
    if (names.length === 0 && address.dataset === undefined) {
      return { file, db, table, dataset: EMPTY }
    }
    const dataset = oneOf('dataset', address.dataset, names, `the table ${table.name}`)
    return { file, db, table, dataset }
  }

  /** The dataset that a request writes to, which may be new. */
  async findOrCreate(address: Address): Promise<Place> {
    if (address.dataset === undefined) return this.find(address)
    text('arguments', 'dataset', address.dataset)
    const found = await this.#table(address)
    return { ...found, dataset: address.dataset as string }
  }

  async #table(
    address: Address,
  ): Promise<{ readonly file: string; readonly db: Connection; readonly table: TableDescription }> {
    const { sources } = this.settings
    const source =
      address.file === undefined && sources.length > 1
        ? oneOf('file', undefined, sourceNames(sources), 'the server')
        : address.file
    const [{ file, db }] = await this.open(source)
    const name = oneOf('table', address.table, vecTableNames(db), file)
    const table = describeTable(db, name, { counts: false })
    if (table.problem !== undefined) throw new VecError('VEC_SHADOW', table.problem)
    return { file, db, table }
  }

  #source(file: unknown): McpSource {
    const { sources } = this.settings
    const name = oneOf('file', file, sourceNames(sources), 'the server')
    return sources.find(source => source.name === name)!
  }
}

/** The documents of a place. `embeds`: their vectors come from the server's embed function. */
export function collectionOf({ db, table, dataset }: Place, model?: string): Collection {
  return new Collection(db, { table: table.name, dataset, model })
}

/** The model that embedded a dataset, if its rows name one. */
export function modelOf({ db, table, dataset }: Place): string | undefined {
  if (!table.columns.includes(COLUMN.model)) return undefined
  return storedModel(db, quoteName(table.shadow), dataset)
}

function sourceNames(sources: readonly McpSource[]): string[] {
  return sources.map(({ name }) => name)
}

/** The chosen one of several names, or the only one. */
function oneOf(kind: string, given: unknown, names: readonly string[], owner: string): string {
  const some = names.slice(0, NAMED).map(name => label(name, LONGEST))
  const list = some.join(', ') + (names.length > NAMED ? ', ...' : '')
  if (given === undefined) {
    if (names.length === 1) return names[0]
    if (names.length === 0) {
      throw new RequestError(
        `${owner} does not have any ${kind}s`,
        `create one: svec init ${owner}`,
      )
    }
    throw new RequestError(
      `${owner} has ${names.length} ${kind}s: ${list}`,
      `choose one: {"${kind}": ${JSON.stringify(some[0])}}`,
    )
  }
  text('arguments', kind, given)
  const found = names.find(name => name === given)
  if (found !== undefined) return found
  const word = (given as string).slice(0, 100)
  throw new RequestError(
    `${owner} does not have a ${kind} '${word}'${didYouMean(word, names)}`,
    names.length === 0 ? `expected a ${kind}, and it does not have any` : `expected one of ${list}`,
  )
}
