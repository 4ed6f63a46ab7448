import type { DatabaseHandle } from './handle.ts'
import { readValue, writeResult, type SqlValue } from './values.ts'
import { SQLITE_OK, type Pointer, type Sqlite } from './wasm.ts'

export type SqlFunction = (...args: SqlValue[]) => unknown

export interface FunctionOptions {
  /** The same arguments always give the same result: SQLite may use it in indexes and call it less often. */
  readonly deterministic?: boolean
  /** Not callable from triggers, views or the schema. */
  readonly directOnly?: boolean
  /** Takes any number of arguments. */
  readonly varargs?: boolean
  /** INTEGER arguments arrive as bigint. */
  readonly safeIntegers?: boolean
  /** Number of arguments; `fn.length` unless given. */
  readonly arity?: number
}

interface Registered {
  readonly db: DatabaseHandle
  readonly fn: SqlFunction
  readonly bigints: boolean
}

/** The C side knows a function by a number, carried as its user data. */
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
    this.destroy = sqlite.functionPointer('v(p)', (id: number) => {
      this.#registered.delete(id)
    })
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
    const { db, fn, bigints } = registered
    db.guard(
      () => {
        const args: SqlValue[] = []
        for (let i = 0; i < argc; i++)
          args.push(readValue(sqlite, sqlite.peek32(argv + 4 * i), bigints))
        writeResult(sqlite, context, fn(...args))
      },
      error => {
        const message = error instanceof Error ? error.message : String(error)
        const p = sqlite.cString(message)
        sqlite.raw.sqlite3_result_error(context, p, -1)
      },
    )
  }
}

const registries = new WeakMap<Sqlite, FunctionRegistry>()

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
  if (typeof name !== 'string' || name === '' || name.includes('\0')) {
    throw new TypeError(
      `the name of an SQL function must be text without NUL, not ${JSON.stringify(name)}`,
    )
  }
  if (typeof fn !== 'function')
    throw new TypeError(`SQL function ${name} needs a function, not ${typeof fn}`)
  const UTF8 = 1
  const DETERMINISTIC = 0x800
  const DIRECTONLY = 0x80000
  const INNOCUOUS = 0x200000
  const flags =
    UTF8 |
    (options.deterministic ? DETERMINISTIC : 0) |
    (options.directOnly ? DIRECTONLY : INNOCUOUS)
  const arity = options.varargs ? -1 : (options.arity ?? fn.length)
  const { sqlite } = db
  const registry = registryOf(sqlite)
  const id = registry.add({ db, fn, bigints: options.safeIntegers ?? false })
  const code = sqlite.raw.sqlite3_create_function_v2(
    db.pointer,
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
