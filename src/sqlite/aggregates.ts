import { describeValue } from '../core/describe-value.ts'
import type { SqlValue } from '../database/values.ts'
import {
  FUNCTION_OPTIONS,
  functionFlags,
  functionName,
  knownOptions,
  MAX_ARITY,
  type FunctionOptions,
} from './functions.ts'
import type { DatabaseHandle } from './handle.ts'
import { SQLITE_OK } from './result-codes.ts'
import { readValue, writeResult } from './wasm/values.ts'
import type { Pointer, Sqlite } from './wasm/wasm.ts'

export interface AggregateOptions<State = unknown> extends FunctionOptions {
  /** The state before the first row, or a function that returns it; default null. */
  readonly start?: State | (() => State)
  /** Adds a row: changes the state, or returns the next one. */
  readonly step: (state: State, ...args: SqlValue[]) => State | void
  /** Removes a row. With it, the aggregate is also a window function, for moving frames. */
  readonly inverse?: (state: State, ...args: SqlValue[]) => State | void
  /**
   * Computes the result from the state. In a window function it must not change the state. Default: the state itself.
   */
  readonly result?: (state: State) => unknown
}

interface Registered {
  readonly db: DatabaseHandle
  readonly options: AggregateOptions
  readonly where: () => string
}

/** One group of rows, or one partition of a window. */
interface Group {
  state: unknown
  /** SQLite has asked for results through `value`, so `final` returns none. */
  isWindow: boolean
}

/** C code identifies an aggregate by a number, its user data, and a group by a number in the memory of its call. */
class AggregateRegistry {
  readonly #registered = new Map<number, Registered>()
  readonly #groups = new Map<number, Group>()
  readonly #sqlite: Sqlite
  readonly step: Pointer
  readonly inverse: Pointer
  readonly value: Pointer
  readonly final: Pointer
  readonly destroy: Pointer
  #next = 1

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
    type Row = [context: Pointer, argc: number, argv: Pointer]
    this.step = sqlite.functionPointer('v(pip)', (...row: Row) => this.#visit('step', ...row))
    this.inverse = sqlite.functionPointer('v(pip)', (...row: Row) => this.#visit('inverse', ...row))
    this.value = sqlite.functionPointer('v(p)', (context: Pointer) => this.#value(context))
    this.final = sqlite.functionPointer('v(p)', (context: Pointer) => this.#final(context))
    this.destroy = sqlite.functionPointer('v(p)', (id: number) => {
      this.#registered.delete(id)
    })
  }

  add(registered: Registered): number {
    const id = this.#next++
    this.#registered.set(id, registered)
    return id
  }

  #visit(which: 'step' | 'inverse', context: Pointer, argc: number, argv: Pointer): void {
    this.#guarded(context, ({ options }, group) => {
      const args: SqlValue[] = []
      for (let i = 0; i < argc; i++) {
        const value = this.#sqlite.peek32(argv + 4 * i)
        args.push(readValue(this.#sqlite, value, options.safeIntegers ?? false))
      }
      const state = options[which]?.(group.state, ...args)
      if (state !== undefined) group.state = state
    })
  }

  #value(context: Pointer): void {
    this.#guarded(context, (registered, group) => {
      group.isWindow = true
      this.#answer(context, registered, group)
    })
  }

  #final(context: Pointer): void {
    this.#guarded(context, (registered, group) => {
      if (!group.isWindow) this.#answer(context, registered, group)
    })
    this.#forget(context)
  }

  #answer(context: Pointer, { options, where }: Registered, { state }: Group): void {
    const result = options.result ? options.result(state) : state
    const { raw } = this.#sqlite
    if (options.real && typeof result === 'number') raw.sqlite3_result_double(context, result)
    else writeResult(this.#sqlite, context, result, where)
  }

  /** Runs `task` on the group of a call. After an error, no method of the group is called again. */
  #guarded(context: Pointer, task: (registered: Registered, group: Group) => void): void {
    const { raw } = this.#sqlite
    const registered = this.#registered.get(raw.sqlite3_user_data(context))
    if (!registered) return
    registered.db.guard(
      () => {
        const group = this.#group(context, registered)
        if (group) task(registered, group)
      },
      message => {
        this.#forget(context)
        try {
          raw.sqlite3_result_error(context, this.#sqlite.cString(message), -1)
        } catch {
          raw.sqlite3_result_error_nomem(context)
        }
      },
    )
  }

  #group(context: Pointer, { options }: Registered): Group | undefined {
    const key = this.#sqlite.raw.sqlite3_aggregate_context(context, 4)
    if (key === 0) return undefined
    const known = this.#sqlite.peek32(key)
    if (known !== 0) return this.#groups.get(known)
    const id = this.#next++
    this.#sqlite.poke32(key, id)
    const { start = null } = options
    const group = { state: typeof start === 'function' ? start() : start, isWindow: false }
    this.#groups.set(id, group)
    return group
  }

  #forget(context: Pointer): void {
    const key = this.#sqlite.raw.sqlite3_aggregate_context(context, 0)
    if (key !== 0) this.#groups.delete(this.#sqlite.peek32(key))
  }
}

const registries = new WeakMap<Sqlite, AggregateRegistry>()

function registryOf(sqlite: Sqlite): AggregateRegistry {
  let registry = registries.get(sqlite)
  if (!registry) registries.set(sqlite, (registry = new AggregateRegistry(sqlite)))
  return registry
}

export function registerAggregate<State>(
  db: DatabaseHandle,
  name: string,
  options: AggregateOptions<State>,
): void {
  functionName(name)
  const given = options as AggregateOptions
  checkFunctions(name, given)
  const flags = functionFlags(name, given)
  const { sqlite, pointer } = db
  const registry = registryOf(sqlite)
  const id = registry.add({ db, options: given, where: () => `the result of ${name}()` })
  const moves = given.inverse !== undefined
  const code = sqlite.raw.sqlite3_create_window_function(
    pointer,
    sqlite.cString(name),
    arityOf(name, given),
    flags,
    id,
    registry.step,
    registry.final,
    moves ? registry.value : 0,
    moves ? registry.inverse : 0,
    registry.destroy,
  )
  if (code !== SQLITE_OK) throw db.failure(code)
}

/** The first parameter of `step` and `inverse` is the state. */
function arityOf(name: string, options: AggregateOptions): number {
  if (options.varargs) return -1
  const longest = Math.max(options.step.length, options.inverse?.length ?? 0)
  const arity = options.arity ?? Math.max(longest - 1, 0)
  if (Number.isInteger(arity) && arity >= -1 && arity <= MAX_ARITY) return arity
  throw new RangeError(
    `the aggregate ${name} takes 0 to ${MAX_ARITY} arguments, got ${describeValue(arity)}`,
  )
}

const AGGREGATE_OPTIONS: readonly string[] = [
  ...FUNCTION_OPTIONS,
  'start',
  'step',
  'inverse',
  'result',
]

function checkFunctions(name: string, options: AggregateOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `aggregate(${JSON.stringify(name)}, ...) takes an object with step, got ${describeValue(options)}`,
    )
  }
  knownOptions(`aggregate ${name}`, options, AGGREGATE_OPTIONS)
  for (const part of ['step', 'inverse', 'result'] as const) {
    const given: unknown = options[part]
    if (typeof given === 'function' || (given === undefined && part !== 'step')) continue
    throw new TypeError(
      `the ${part} of the aggregate ${name} must be a function, got ${describeValue(given)}`,
    )
  }
}
