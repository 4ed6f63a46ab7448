import { describeValue } from '../core/describe-value.ts'
import { knownWord } from '../core/known-word.ts'
import type { SqlValue } from '../database/values.ts'
import type { DatabaseHandle } from './handle.ts'
import { SQLITE_OK } from './result-codes.ts'
import { nameText } from './sql-text.ts'
import { readValue, writeResult } from './wasm/values.ts'
import { type Pointer, type Sqlite } from './wasm/wasm.ts'

export type SqlFunction = (...args: SqlValue[]) => unknown

/** A value with its subtype: a byte that SQLite passes from one function to the next. 0 means none. */
export class Subtyped {
  readonly value: SqlValue
  readonly subtype: number

  constructor(value: SqlValue, subtype: number) {
    this.value = value
    this.subtype = subtype
  }
}

/** A function whose arguments come with their subtypes. */
export type SubtypeFunction = (...args: Subtyped[]) => unknown

export interface FunctionOptions {
  /**
   * The same arguments always give the same result, so SQLite may use the function in indexes and call it less often.
   */
  readonly deterministic?: boolean
  /** Refused in triggers, views and the rest of a schema: for effects that the contents of a file must not cause. */
  readonly directOnly?: boolean
  /**
   * Only computes from its arguments. Allowed in triggers, views and the rest of a schema even with `PRAGMA
   * trusted_schema = OFF`.
   */
  readonly innocuous?: boolean
  /**
   * Numbers that the function returns are REAL, including integers. Without it, 2 is INTEGER, and 1 / 2 is 0 in SQL.
   */
  readonly real?: boolean
  /** The function takes any number of arguments. */
  readonly varargs?: boolean
  /** INTEGER arguments arrive as bigint. */
  readonly safeIntegers?: boolean
  /** Number of arguments; default `fn.length`. */
  readonly arity?: number
}

export interface SubtypeOptions extends FunctionOptions {
  /** SQLITE_SUBTYPE: SQLite keeps the subtypes of arguments through subqueries and indexes. */
  readonly readsSubtypes?: boolean
  /** SQLITE_RESULT_SUBTYPE: the function may return a `Subtyped`. */
  readonly givesSubtypes?: boolean
}

interface Registered {
  readonly db: DatabaseHandle
  readonly call: (args: readonly Pointer[]) => unknown
  readonly real: boolean
  /** Names the result in an error. */
  readonly where: () => string
}

/** SQLite's own limit. */
export const MAX_ARITY = 127
/** SQLite's own bound. */
const MAX_NAME = 255

/** C code identifies a function by a number, its user data. */
class FunctionRegistry {
  readonly #registered = new Map<number, Registered>()
  readonly #sqlite: Sqlite
  readonly call: Pointer
  readonly destroy: Pointer
  #next = 1

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
    this.call = sqlite.functionPointer('v(pip)', (context: Pointer, argc: number, argv: Pointer) =>
      this.#call(context, argc, argv),
    )
    this.destroy = sqlite.functionPointer('v(p)', (id: number) => this.remove(id))
  }

  remove(id: number): void {
    this.#registered.delete(id)
  }

  add(registered: Registered): number {
    const id = this.#next++
    this.#registered.set(id, registered)
    return id
  }

  #call(context: Pointer, argc: number, argv: Pointer): void {
    const sqlite = this.#sqlite
    const registered = this.#registered.get(sqlite.raw.sqlite3_user_data(context))
    if (!registered) return
    const { db, call, real, where } = registered
    const { raw } = sqlite
    db.guard(
      () => {
        const args: Pointer[] = []
        for (let i = 0; i < argc; i++) args.push(sqlite.peek32(argv + 4 * i))
        const returned = call(args)
        const result = returned instanceof Subtyped ? returned.value : returned
        if (real && typeof result === 'number') raw.sqlite3_result_double(context, result)
        else writeResult(sqlite, context, result, where)
        if (returned instanceof Subtyped) raw.sqlite3_result_subtype(context, returned.subtype)
      },
      message => {
        try {
          raw.sqlite3_result_error(context, sqlite.cString(message), -1)
        } catch {
          raw.sqlite3_result_error_nomem(context)
        }
      },
    )
  }
}

const registries = new WeakMap<Sqlite, FunctionRegistry>()

/** A function for SQLite's own structures: the C function and the user data it needs. */
export interface NativeFunction extends Disposable {
  readonly call: Pointer
  readonly userData: number
}

/** A function by which a virtual table overrides an SQL function of the same name. */
export function nativeFunction(db: DatabaseHandle, name: string, fn: SqlFunction): NativeFunction {
  const registry = registryOf(db.sqlite)
  const userData = registry.add({
    db,
    call: args => fn(...args.map(value => readValue(db.sqlite, value))),
    where: () => `the result of ${name}()`,
    real: false,
  })
  return {
    call: registry.call,
    userData,
    [Symbol.dispose]: () => registry.remove(userData),
  }
}

function registryOf(sqlite: Sqlite): FunctionRegistry {
  let registry = registries.get(sqlite)
  if (!registry) registries.set(sqlite, (registry = new FunctionRegistry(sqlite)))
  return registry
}

export function registerFunction(
  db: DatabaseHandle,
  name: string,
  options: FunctionOptions,
  fn: SqlFunction,
): void {
  const { sqlite } = db
  create(db, name, options, fn, args =>
    fn(...args.map(value => readValue(sqlite, value, options.safeIntegers))),
  )
}

/** Registers a function that reads or returns subtypes. */
export function registerSubtypeFunction(
  db: DatabaseHandle,
  name: string,
  options: SubtypeOptions,
  fn: SubtypeFunction,
): void {
  const { sqlite } = db
  create(db, name, options, fn, args =>
    fn(...args.map(value => readSubtyped(sqlite, value, options.safeIntegers))),
  )
}

/** A value that SQLite passes to a function, with its subtype. */
function readSubtyped(sqlite: Sqlite, value: Pointer, bigints = false): Subtyped {
  const subtype = sqlite.raw.sqlite3_value_subtype(value)
  return new Subtyped(readValue(sqlite, value, bigints), subtype)
}

function create(
  db: DatabaseHandle,
  name: string,
  options: SubtypeOptions,
  fn: SqlFunction | SubtypeFunction,
  call: Registered['call'],
): void {
  functionName(name)
  if (typeof fn !== 'function') {
    throw new TypeError(
      `function(${JSON.stringify(name)}, ...) takes a function, got ${describeValue(fn)}`,
    )
  }
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `the options of the SQL function ${name} must be an object, got ${describeValue(options)}`,
    )
  }
  knownOptions(`SQL function ${name}`, options, SUBTYPE_OPTIONS)
  const arity = options.varargs ? -1 : (options.arity ?? fn.length)
  if (!Number.isInteger(arity) || arity > MAX_ARITY || arity < -1) {
    throw new RangeError(
      `the SQL function ${name} takes 0 to ${MAX_ARITY} arguments, got ${describeValue(arity)}`,
    )
  }
  const flags = functionFlags(name, options)
  const { sqlite } = db
  const registry = registryOf(sqlite)
  const { pointer } = db
  const id = registry.add({
    db,
    call,
    where: () => `the result of ${name}()`,
    real: options.real ?? false,
  })
  const code = sqlite.raw.sqlite3_create_function_v2(
    pointer,
    sqlite.cString(name),
    arity,
    flags,
    id,
    registry.call,
    0,
    0,
    registry.destroy,
  )
  if (code !== SQLITE_OK) throw db.failure(code)
}

/** Checks the name of a function or aggregate. */
export function functionName(name: string): void {
  nameText(name, 'the name of an SQL function')
  const bytes = new TextEncoder().encode(name).length
  if (bytes > MAX_NAME)
    throw new RangeError(
      `the name of an SQL function can have at most ${MAX_NAME} bytes of UTF-8, got ${bytes}`,
    )
}

/** The names of the options of functions and aggregates. */
export const FUNCTION_OPTIONS: readonly (keyof FunctionOptions)[] = [
  'arity',
  'deterministic',
  'directOnly',
  'innocuous',
  'real',
  'safeIntegers',
  'varargs',
]
const SUBTYPE_OPTIONS: readonly string[] = [...FUNCTION_OPTIONS, 'readsSubtypes', 'givesSubtypes']

/** Refuses unknown options: a misspelled one would silently make a function nondeterministic, or usable everywhere. */
export function knownOptions(what: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) knownWord(`option of the ${what}`, name, known)
}

/** The flags that tell SQLite how it may use a function. */
export function functionFlags(name: string, options: SubtypeOptions): number {
  if (options.directOnly && options.innocuous) {
    throw new TypeError(`the SQL function ${name} cannot be both directOnly and innocuous`)
  }
  const UTF8 = 1
  const DETERMINISTIC = 0x800
  const DIRECTONLY = 0x80000
  const INNOCUOUS = 0x200000
  const SUBTYPE = 0x100000
  const RESULT_SUBTYPE = 0x1000000
  return (
    UTF8 |
    (options.deterministic ? DETERMINISTIC : 0) |
    (options.directOnly ? DIRECTONLY : 0) |
    (options.innocuous ? INNOCUOUS : 0) |
    (options.readsSubtypes ? SUBTYPE : 0) |
    (options.givesSubtypes ? RESULT_SUBTYPE : 0)
  )
}
