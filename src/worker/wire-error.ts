import { VecError, type ErrorCode } from '../core/errors.ts'

/** The form of an error between threads, which would lose its class, code and hint. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly code: unknown
  readonly hint: string | undefined
  readonly extendedCode: number | undefined
  readonly cause: WireError | undefined
}

/** The maximum length of a chain of causes, which may be circular. */
const MOST_CAUSES = 8

export function wireError(thrown: unknown, depth = 0): WireError {
  const isError = thrown instanceof Error
  const { code, hint, extendedCode, cause } = (isError ? thrown : {}) as Partial<VecError>
  return {
    name: isError ? thrown.name : 'Error',
    message: isError ? thrown.message : textOf(thrown),
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    hint: typeof hint === 'string' ? hint : undefined,
    extendedCode: typeof extendedCode === 'number' ? extendedCode : undefined,
    cause: cause === undefined || depth === MOST_CAUSES ? undefined : wireError(cause, depth + 1),
  }
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'a value that cannot be converted to text was thrown'
  }
}

const CLASSES: Readonly<Record<string, new (message: string, options?: ErrorOptions) => Error>> = {
  TypeError,
  RangeError,
  SyntaxError,
}

/** Errors whose stack does not lead to the call that failed: they arose in a worker, or after the call. */
export const elsewhere: WeakSet<object> = new WeakSet<object>()

/** Restores the error, with its class. */
export function errorFrom(wire: WireError): Error {
  const error = restored(wire)
  elsewhere.add(error)
  return error
}

function restored(wire: WireError): Error {
  const { name, message, code, hint, extendedCode } = wire
  const cause = wire.cause === undefined ? {} : { cause: restored(wire.cause) }
  if (name === 'VecError') {
    return new VecError(code as ErrorCode, message, {
      ...(hint === undefined ? {} : { hint }),
      ...(extendedCode === undefined ? {} : { extendedCode }),
      ...cause,
    })
  }
  const error = new (CLASSES[name] ?? Error)(message, cause)
  if (error.name !== name) error.name = name
  return code === undefined ? error : Object.assign(error, { code })
}
