import { VecError } from '../errors.ts'
import type { Condition, Scalar } from './condition.ts'
import { jsonPath } from './json-path.ts'

/** A column that holds one field, so that the JSON text need not be read. */
export interface DeclaredColumn {
  /** The column for SQL, quoted. */
  readonly sql: string
  /** The column holds JSON arrays, and the filter asks for an element. */
  readonly json: boolean
}

export interface FilterTarget {
  /** The column with the JSON text for SQL, quoted. */
  readonly json: string
  /** The columns declared for single fields. */
  column(path: string): DeclaredColumn | undefined
}

export interface CompiledFilter {
  /** True for rows that match; false or NULL for others. Its parameters are plain `?`, in order. */
  readonly sql: string
  readonly parameters: readonly (string | number | bigint)[]
}

/** SQLite's limit of the parameters of a statement; a search has a few of its own. */
const MOST_PARAMETERS = 32_766 - 16
/** SQLite nests expressions up to a thousand levels deep, and each OR after the first of a row is a level. */
const MOST_IN_ROW = 100

/**
 * Compiles a condition to SQL over the columns of a row. Values are bound, never written into the text. A row whose
 * metadata is not JSON matches no condition on a field, negated or not. Throws VEC_FILTER for more conditions than a
 * statement of SQLite can hold.
 */
export function compileFilter(condition: Condition, target: FilterTarget): CompiledFilter {
  const parameters: (string | number | bigint)[] = []
  const sql = new Compiler(target, parameters).condition(condition)
  if (parameters.length <= MOST_PARAMETERS) return { sql, parameters }
  throw new VecError(
    'VEC_FILTER',
    `filter: its conditions bind ${parameters.length} parameters: expected at most ${MOST_PARAMETERS}, SQLite's limit for a statement`,
    {
      hint: 'write { field: { $in: [...] } }, which takes any number of values, instead of many conditions in $or',
    },
  )
}

class Compiler {
  readonly #target: FilterTarget
  readonly #parameters: (string | number | bigint)[]
  /** The number of arrays around the value that the target reads. */
  readonly #depth: number

  constructor(target: FilterTarget, parameters: (string | number | bigint)[], depth = 0) {
    this.#target = target
    this.#parameters = parameters
    this.#depth = depth
  }

  condition(condition: Condition): string {
    switch (condition.kind) {
      case 'all':
        return this.#joined(condition.of, ' AND ', '1')
      case 'any':
        return this.#joined(condition.of, ' OR ', '0')
      case 'not':
        return `NOT ${this.condition(condition.of)}`
      case 'exists':
        return this.#exists(condition.path)
      case 'compare':
        return this.#matches(condition.path, typesOf(condition.value), value =>
          this.#compared(value, condition.comparison, condition.value),
        )
      case 'in':
        return this.#oneOf(condition.path, condition.values)
      case 'contains':
        return this.#contains(condition.path, condition.value)
      case 'startsWith':
        return this.#matches(condition.path, TEXT, value =>
          this.#startsWith(value, condition.prefix),
        )
      case 'size': {
        const { size } = condition
        return this.#ofArray(
          condition.path,
          (json, path) => `json_array_length(${json}, ${path()}) = ${this.#bind(size)}`,
        )
      }
      case 'element':
        return this.#anyElementMatches(condition.path, condition.of)
    }
  }

  #joined(conditions: readonly Condition[], operator: string, none: string): string {
    if (conditions.length === 0) return none
    return joined(
      conditions.map(one => this.condition(one)),
      operator,
    )
  }

  #bind(value: string | number | bigint): '?' {
    this.#parameters.push(value)
    return '?'
  }

  /** Reads only valid JSON. Any other text gives NULL, which NOT does not turn into a match. */
  #ofJson(inside: (json: string) => string): string {
    const { json } = this.#target
    return `CASE WHEN json_valid(${json}) THEN ${inside(json)} END`
  }

  #exists(path: string): string {
    const column = this.#target.column(path)
    if (column) return `(${column.sql} IS NOT NULL)`
    return this.#ofJson(
      json => `coalesce(json_type(${json}, ${this.#bind(jsonPath(path))}), 'null') <> 'null'`,
    )
  }

  /** Whether the field, or an element of its array, has one of the types and passes the test. */
  #matches(path: string, types: readonly ValueType[], test: (value: string) => string): string {
    const column = this.#target.column(path)
    if (column)
      return column.json
        ? this.#anyElement(column.sql, types, test)
        : plain(column.sql, types, test)
    return this.#ofJson(json => {
      const type = `json_type(${json}, ${this.#bind(jsonPath(path))})`
      const element = this.#element(json, path, types, test)
      const scalar = types.map(of => {
        if (of === 'true' || of === 'false') return `WHEN '${of}' THEN 1`
        const value = `json_extract(${json}, ${this.#bind(jsonPath(path))})`
        return `WHEN '${of}' THEN ${test(value)}`
      })
      return `CASE ${type} WHEN 'array' THEN ${element} ${scalar.join(' ')} ELSE 0 END`
    })
  }

  #element(
    json: string,
    path: string,
    types: readonly ValueType[],
    test: (value: string) => string,
  ): string {
    const source = `json_each(${json}, ${this.#bind(jsonPath(path))})`
    return `EXISTS (SELECT 1 FROM ${source} AS e WHERE ${ofTypes(types, test)})`
  }

  /** `#matches` for a column of JSON arrays. */
  #anyElement(
    column: string,
    types: readonly ValueType[],
    test: (value: string) => string,
  ): string {
    return `CASE WHEN json_valid(${column}) AND json_type(${column}) = 'array'
      THEN EXISTS (SELECT 1 FROM json_each(${column}) AS e WHERE ${ofTypes(types, test)}) ELSE 0 END`
  }

  #compared(value: string, comparison: string, wanted: Scalar): string {
    if (typeof wanted === 'boolean') return `${value} = ${wanted ? 1 : 0}`
    return `${value} ${comparison} ${this.#bind(wanted)}`
  }

  #oneOf(path: string, values: readonly Scalar[]): string {
    const texts = values.filter(value => typeof value === 'string')
    const numbers = values.filter(value => typeof value === 'number' || typeof value === 'bigint')
    const terms: string[] = []
    if (texts.length > 0) terms.push(this.#matches(path, TEXT, this.#inList(JSON.stringify(texts))))
    if (numbers.length > 0) {
      terms.push(this.#matches(path, NUMBER, this.#inList(`[${numbers.map(String).join(',')}]`)))
    }
    for (const value of [true, false]) {
      if (!values.includes(value)) continue
      terms.push(this.#matches(path, typesOf(value), column => this.#compared(column, '=', value)))
    }
    if (terms.length > 0) return `(${terms.join(' OR ')})`
    return this.#target.column(path) ? '0' : this.#ofJson(() => '0')
  }

  /** One parameter for a list of any length. */
  #inList(json: string): (value: string) => string {
    return value => `${value} IN (SELECT value FROM json_each(${this.#bind(json)}))`
  }

  #contains(path: string, wanted: Scalar): string {
    const equal = (value: string): string => this.#compared(value, '=', wanted)
    if (typeof wanted !== 'string') return this.#arrayHas(path, typesOf(wanted), equal)
    const column = this.#target.column(path)
    const within = (value: string): string => `instr(${value}, ${this.#bind(wanted)}) > 0`
    if (column) {
      return column.json
        ? this.#anyElement(column.sql, TEXT, equal)
        : plain(column.sql, TEXT, within)
    }
    return this.#ofJson(json => {
      const type = `json_type(${json}, ${this.#bind(jsonPath(path))})`
      const element = this.#element(json, path, TEXT, equal)
      const value = `json_extract(${json}, ${this.#bind(jsonPath(path))})`
      return `CASE ${type} WHEN 'array' THEN ${element} WHEN 'text' THEN ${within(value)} ELSE 0 END`
    })
  }

  #anyElementMatches(path: string, of: Condition): string {
    const name = `element${this.#depth}`
    const target = { json: `${name}.json`, column: () => undefined }
    return this.#ofArray(path, (json, at) => {
      const elements = `SELECT ${json} -> (${at()} || '[' || key || ']') AS json FROM json_each(${json}, ${at()})`
      const matches = new Compiler(target, this.#parameters, this.#depth + 1).condition(of)
      return `EXISTS (SELECT 1 FROM (${elements}) AS ${name} WHERE ${matches})`
    })
  }

  /** Whether the field holds an array that passes the test. `at()` binds the path of the array in `json`. */
  #ofArray(path: string, test: (json: string, at: () => string) => string): string {
    const column = this.#target.column(path)
    if (column) {
      if (!column.json) return '0'
      const isArray = `json_valid(${column.sql}) AND json_type(${column.sql}) = 'array'`
      return `CASE WHEN ${isArray} THEN ${test(column.sql, () => `'$'`)} ELSE 0 END`
    }
    const at = (): string => this.#bind(jsonPath(path))
    return this.#ofJson(
      json => `CASE json_type(${json}, ${at()}) WHEN 'array' THEN ${test(json, at)} ELSE 0 END`,
    )
  }

  #arrayHas(path: string, types: readonly ValueType[], test: (value: string) => string): string {
    const column = this.#target.column(path)
    if (column) return column.json ? this.#anyElement(column.sql, types, test) : '0'
    return this.#ofJson(json => {
      const type = `json_type(${json}, ${this.#bind(jsonPath(path))})`
      return `CASE ${type} WHEN 'array' THEN ${this.#element(json, path, types, test)} ELSE 0 END`
    })
  }

  /** LIKE ignores case, GLOB has wildcards, and substr() ends at a NUL. */
  #startsWith(value: string, prefix: string): string {
    return `instr(${value}, ${this.#bind(prefix)}) = 1`
  }
}

/** In groups, if there are many, so that the expression is not deep. */
function joined(terms: readonly string[], operator: string): string {
  if (terms.length <= MOST_IN_ROW) return `(${terms.join(operator)})`
  const groups: string[] = []
  for (let at = 0; at < terms.length; at += MOST_IN_ROW) {
    groups.push(joined(terms.slice(at, at + MOST_IN_ROW), operator))
  }
  return joined(groups, operator)
}

/** JSON types, by their names in json_type(). */
type ValueType = 'text' | 'integer' | 'real' | 'true' | 'false'

const TEXT: readonly ValueType[] = ['text']
const NUMBER: readonly ValueType[] = ['integer', 'real']

function typesOf(value: Scalar): readonly ValueType[] {
  if (typeof value === 'boolean') return [value ? 'true' : 'false']
  return typeof value === 'string' ? TEXT : NUMBER
}

/** A column of SQL values, which stores true and false as 1 and 0. */
function plain(
  column: string,
  types: readonly ValueType[],
  test: (value: string) => string,
): string {
  const sqlTypes = types.includes('text') ? `('text')` : `('integer', 'real')`
  return `(typeof(${column}) IN ${sqlTypes} AND ${test(column)})`
}

function ofTypes(types: readonly ValueType[], test: (value: string) => string): string {
  const names = types.map(of => `'${of}'`).join(', ')
  const exact = types[0] === 'true' || types[0] === 'false'
  return exact ? `e.type IN (${names})` : `e.type IN (${names}) AND ${test('e.value')}`
}
