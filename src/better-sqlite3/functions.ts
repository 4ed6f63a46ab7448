import type { SqlValue } from '../database/values.ts'
import type { ConnectionState } from './connection-state.ts'
import { argument, arityOf, nameArgument, result, switchOption } from './values.ts'

export interface RegistrationOptions {
  varargs?: boolean | undefined
  deterministic?: boolean | undefined
  directOnly?: boolean | undefined
  safeIntegers?: boolean | undefined
}

export interface AggregateOptions extends RegistrationOptions {
  start?: unknown
  step: (state: any, ...args: any[]) => unknown // oxlint-disable-line typescript/no-explicit-any -- as in @types/better-sqlite3: the caller knows what SQL passes
  inverse?: ((state: any, ...args: any[]) => unknown) | undefined // oxlint-disable-line typescript/no-explicit-any -- the same
  result?: ((state: any) => unknown) | undefined // oxlint-disable-line typescript/no-explicit-any -- the same
}

type AnyFunction = (...args: unknown[]) => unknown

const MOST_ARGUMENTS = 100

interface Registration {
  readonly bigints: boolean
  readonly arity: number
  readonly deterministic: boolean
  readonly directOnly: boolean
  readonly varargs: boolean
}

function registration(state: ConnectionState, options: object, arity: () => number): Registration {
  const bigints =
    'safeIntegers' in options ? switchOption(options, 'safeIntegers') : state.safeIntegers
  const deterministic = switchOption(options, 'deterministic')
  const directOnly = switchOption(options, 'directOnly')
  const varargs = switchOption(options, 'varargs')
  const count = varargs ? -1 : arity()
  if (count > MOST_ARGUMENTS) {
    throw new RangeError(`an SQL function takes at most ${MOST_ARGUMENTS} arguments, got ${count}`)
  }
  state.requireNoIterator()
  return { bigints, arity: count, deterministic, directOnly, varargs }
}

export function defineFunction(
  state: ConnectionState,
  name: unknown,
  given: unknown,
  fn: unknown,
): void {
  const options = typeof given === 'function' ? {} : (given ?? {})
  const run = typeof given === 'function' ? given : fn
  const known = nameArgument(name, 'a function')
  if (typeof run !== 'function') throw new TypeError('Expected last argument to be a function')
  if (typeof options !== 'object') {
    throw new TypeError('Expected second argument to be an options object')
  }
  const { bigints, ...how } = registration(state, options, () => arityOf(run))
  const who = `User-defined function ${known}() returned`
  state.run(() =>
    state.connection.function(
      known,
      { ...how, safeIntegers: bigints, real: true },
      (...args: SqlValue[]) =>
        state.called(() =>
          result((run as AnyFunction)(...args.map(value => argument(value, bigints))), who),
        ),
    ),
  )
}

export function defineAggregate(state: ConnectionState, name: unknown, options: unknown): void {
  if (typeof name !== 'string') throw new TypeError('Expected first argument to be a string')
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('Expected second argument to be an options object')
  }
  const known = nameArgument(name, 'an aggregate')
  const start: unknown = 'start' in options ? options.start : null
  const step = functionOption(options, 'step')
  if (step === undefined) throw new TypeError('Missing required option "step"')
  const inverse = functionOption(options, 'inverse')
  const finish = functionOption(options, 'result')
  const { bigints, ...how } = registration(state, options, () => {
    const longest = Math.max(arityOf(step), inverse === undefined ? 0 : arityOf(inverse))
    return Math.max(longest - 1, 0)
  })
  const who = `User-defined function ${known}() returned`
  const visit =
    (fn: AnyFunction) =>
    (group: unknown, ...args: SqlValue[]): unknown =>
      state.called(() => fn(group, ...args.map(value => argument(value, bigints))))
  state.run(() =>
    state.connection.aggregate<unknown>(known, {
      ...how,
      safeIntegers: bigints,
      real: true,
      start: () =>
        state.called(() => (typeof start === 'function' ? (start as AnyFunction)() : start)),
      step: visit(step),
      ...(inverse && { inverse: visit(inverse) }),
      result: group => state.called(() => result(finish ? finish(group) : group, who)),
    }),
  )
}

function functionOption(options: object, name: string): AnyFunction | undefined {
  const value: unknown = name in options ? (options as Record<string, unknown>)[name] : undefined
  if (value === undefined || value === null) return undefined
  if (typeof value === 'function') return value as AnyFunction
  throw new TypeError(`Expected the "${name}" option to be a function`)
}
