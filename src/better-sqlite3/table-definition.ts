import { arityOf, switchOption } from './values.ts'

/** The checked argument of `db.table`. */
export interface TableDefinition {
  readonly rows: (...args: unknown[]) => Iterator<unknown>
  readonly columns: readonly string[]
  readonly parameters: readonly string[]
  /** Undefined: the connection's setting when the table is used. */
  readonly safeIntegers: boolean | undefined
  readonly directOnly: boolean
}

/** The number of bits in a plan. */
const MOST_PARAMETERS = 32

const GENERATOR: unknown = Object.getPrototypeOf(function* generator() {})

/** Throws TypeError or RangeError for an invalid definition. */
export function parseTable(given: object, module: string): TableDefinition {
  const wrong = (what: string): TypeError =>
    new TypeError(`the definition of the virtual table module "${module}" ${what}`)
  const own = (name: string): unknown =>
    Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : undefined
  const rows = own('rows')
  if (typeof rows !== 'function' || Object.getPrototypeOf(rows) !== GENERATOR) {
    throw wrong('lacks "rows": expected a generator function')
  }
  const columns = names(own('columns'))
  if (columns === undefined) throw wrong('lacks "columns": expected an array of distinct strings')
  if (columns.length === 0)
    throw new RangeError(`the virtual table module "${module}" declares an empty list of columns`)
  const parameters = Object.hasOwn(given, 'parameters')
    ? names(own('parameters'))
    : Array.from({ length: arityOf(rows) }, (_, i) => `$${i + 1}`)
  if (parameters === undefined)
    throw wrong('has invalid "parameters": expected an array of distinct strings')
  if (parameters.length > MOST_PARAMETERS) {
    throw new RangeError(
      `a virtual table takes at most ${MOST_PARAMETERS} parameters, but "${module}" has ${parameters.length}`,
    )
  }
  const both = parameters.find(name => columns.includes(name))
  if (both !== undefined) throw wrong(`has "${both}" both as a column and as a parameter`)
  return {
    rows: rows as TableDefinition['rows'],
    columns,
    parameters,
    safeIntegers: Object.hasOwn(given, 'safeIntegers')
      ? switchOption(given, 'safeIntegers')
      : undefined,
    directOnly: Object.hasOwn(given, 'directOnly') && switchOption(given, 'directOnly'),
  }
}

/** Undefined unless `given` is an array of different strings. */
function names(given: unknown): string[] | undefined {
  if (!Array.isArray(given)) return undefined
  const list: unknown[] = [...(given as unknown[])]
  for (const name of list) if (typeof name !== 'string') return undefined
  return new Set(list).size === list.length ? (list as string[]) : undefined
}
