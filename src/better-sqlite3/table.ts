import { VecError } from '../core/errors.ts'
import { doubleQuoted } from '../core/quote.ts'
import { Utf8 } from '../core/utf8.ts'
import { SQLITE_ERROR } from '../sqlite/result-codes.ts'
import { OP, type IndexInfo, type Plan, type PlanTerm } from '../sqlite/vtab/index-info.ts'
import type {
  ResultWriter,
  TableContext,
  TermValue,
  VirtualCursor,
  VirtualTable,
} from '../sqlite/vtab/virtual-table.ts'
import { registerModule } from '../sqlite/vtab/vtab.ts'
import type { ConnectionState } from './connection-state.ts'
import { parseTable, type TableDefinition } from './table-definition.ts'
import { argument, nameArgument, result } from './values.ts'

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

type Factory = (this: object, ...args: string[]) => unknown

/** Creates a virtual table from a definition, or a module of tables from a function that returns definitions. */
export function defineTable(state: ConnectionState, name: unknown, given: unknown): void {
  const module = nameArgument(name, 'a virtual table')
  const isTable = typeof given === 'object' && given !== null
  if (!isTable && typeof given !== 'function') {
    throw new TypeError('Expected second argument to be a function or a table definition object')
  }
  const fixed = isTable ? parseTable(given, module) : undefined
  state.requireNoIterator()
  const make = ({ schema, table, args }: TableContext): VirtualTable =>
    state.called(() => {
      if (fixed) return new GeneratedTable(state, module, fixed)
      const self = { module, database: schema, table }
      const definition = (given as Factory).apply(self, [...args])
      if (typeof definition !== 'object' || definition === null) {
        throw new TypeError(
          `the module "${module}" returned ${typeof definition}: expected a table definition object`,
        )
      }
      return new GeneratedTable(state, module, parseTable(definition, module))
    })
  const tables = fixed ? { connect: make } : { create: make, connect: make, eponymous: false }
  state.run(() => registerModule(state.connection, module, tables))
}

/** A table whose rows a generator returns. Its hidden columns are the generator's parameters. */
class GeneratedTable implements VirtualTable {
  readonly declaration: string
  readonly risk: 'direct-only' | undefined
  readonly #state: ConnectionState
  readonly #module: string
  readonly #definition: TableDefinition
  readonly #bigints: boolean

  constructor(state: ConnectionState, module: string, definition: TableDefinition) {
    this.#state = state
    this.#module = module
    this.#definition = definition
    this.#bigints = definition.safeIntegers ?? state.safeIntegers
    this.risk = definition.directOnly ? 'direct-only' : undefined
    const hidden = definition.parameters.map(name => `${doubleQuoted(name)} HIDDEN`)
    const columns = [...hidden, ...definition.columns.map(doubleQuoted)]
    this.declaration = `CREATE TABLE x(${columns.join(', ')})`
  }

  /** The number of a plan is a set of bits: the given parameters. */
  bestIndex(info: IndexInfo): Plan | undefined {
    const { parameters } = this.#definition
    const asked = info.constraints.filter(
      ({ column, op }) =>
        op !== OP.LIMIT && op !== OP.OFFSET && column >= 0 && column < parameters.length,
    )
    for (const { column, op, usable } of asked) {
      if (op !== OP.EQ) {
        throw new VecError(
          'SQLITE_ERROR',
          `virtual table parameter "${parameters[column]}" can only be constrained by the '=' operator`,
          { extendedCode: SQLITE_ERROR },
        )
      }
      // A plan without it would run the generator without an argument that the query has.
      if (!usable) return undefined
    }
    const terms: PlanTerm[] = []
    let number = 0
    for (const constraint of asked.toSorted((a, b) => a.column - b.column)) {
      const bit = 1 << constraint.column
      if ((number & bit) !== 0) continue
      number |= bit
      terms.push({ constraint, bigints: this.#bigints })
    }
    // The cost is so high that SQLite does not run the generator in an inner loop unnecessarily.
    const cost = Math.floor(1e9 / (terms.length + 1))
    return { number, terms, cost, rows: cost }
  }

  open(): VirtualCursor {
    return new GeneratedCursor(this.#state, this.#module, this.#definition, this.#bigints)
  }
}

class GeneratedCursor implements VirtualCursor {
  eof = true
  readonly #state: ConnectionState
  readonly #module: string
  readonly #definition: TableDefinition
  readonly #bigints: boolean
  #rows: Iterator<unknown> | undefined
  #row: unknown[] = []
  #rowid = 0n

  constructor(
    state: ConnectionState,
    module: string,
    definition: TableDefinition,
    bigints: boolean,
  ) {
    this.#state = state
    this.#module = module
    this.#definition = definition
    this.#bigints = bigints
  }

  filter({ number = 0 }: Plan, values: readonly (readonly TermValue[])[]): void {
    let next = 0
    let isEmpty = false
    const given = this.#definition.parameters.map((_, i) => {
      if ((number & (1 << i)) === 0) return undefined
      const [value] = values[next++]
      isEmpty ||= value === null
      return argument(value instanceof Utf8 ? utf8.decode(value.bytes) : value, this.#bigints)
    })
    this.eof = isEmpty
    // Nothing equals NULL.
    if (isEmpty) return
    // The generator may change its arguments, which the hidden columns show.
    const shown = given.map(value => (Buffer.isBuffer(value) ? Buffer.from(value) : value))
    this.#rowid = 0n
    this.#rows = this.#state.called(() => this.#definition.rows(...given))
    this.#row = [...shown, ...this.#definition.columns.map(() => null)]
    this.next()
  }

  next(): void {
    const { done, value } = this.#state.called(() => this.#rows!.next())
    this.eof = done === true
    this.#rowid++
    if (!done) this.#state.called(() => this.#take(value))
  }

  column(writer: ResultWriter, column: number): void {
    const value = this.#state.called(() =>
      result(this.#row[column], `Virtual table module "${this.#module}" yielded`),
    )
    if (typeof value === 'number') writer.double(value)
    else writer.value(value)
  }

  rowid(): bigint {
    return this.#rowid
  }

  close(): void {
    this.#rows = undefined
  }

  /** Takes a row: an array of all columns, or an object. */
  #take(row: unknown): void {
    const { parameters, columns } = this.#definition
    const wrong = (what: string): TypeError =>
      new TypeError(`the virtual table module "${this.#module}" yielded ${what}`)
    const at = parameters.length
    if (Array.isArray(row)) {
      if (row.length !== columns.length) {
        throw wrong(`a row of ${row.length} values for ${columns.length} columns`)
      }
      for (let i = 0; i < row.length; i++) this.#row[at + i] = row[i]
      return
    }
    if (typeof row !== 'object' || row === null)
      throw wrong('a value that is neither an array nor an object')
    const names = Object.keys(row)
    for (const name of names) {
      const i = columns.indexOf(name)
      if (i < 0) throw wrong(`a row with the undeclared column "${name}"`)
      this.#row[at + i] = (row as Record<string, unknown>)[name]
    }
    if (names.length !== columns.length) throw wrong('a row with missing columns')
  }
}
