import { VecError } from '../core/errors.ts'

/** A request that cannot be answered: what is wrong, and what to do. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

const BUSY = 'another program has locked the file: try again in a moment'
const BUG = 'call stats to see what there is; if it goes on, look at stderr of the server'

/** An error as a client reads it: what is wrong, and in a second line what to do. */
export function errorText(error: unknown): string {
  const { message, hint } = remedyOf(error)
  return hint === undefined || message.includes(hint) ? message : `${message}\n${hint}`
}

function remedyOf(error: unknown): { readonly message: string; readonly hint?: string } {
  if (!(error instanceof Error)) return { message: String(error), hint: BUG }
  const { message, name } = error
  if (error instanceof VecError) {
    const locked = error.code === 'SQLITE_BUSY' || error.code === 'SQLITE_LOCKED'
    // Hints about a lock are for programs.
    return { message, hint: locked ? BUSY : (error.hint ?? checked(message)) }
  }
  // Errors of an embed function may have a hint, too.
  if ('hint' in error && typeof error.hint === 'string') return { message, hint: error.hint }
  if (error instanceof RangeError && message === 'Maximum call stack size exceeded') {
    return { message: 'a value is nested too deeply', hint: 'expected at most 100 levels' }
  }
  // Errors of arguments say what was expected.
  if (/: expected /.test(message)) return { message }
  if (name === 'AbortError') return { message, hint: 'the request was cancelled: send it again' }
  return { message, hint: BUG }
}

function checked(message: string): string {
  return /expected|Known:/.test(message) ? '' : 'run svec check on the file: it says what is wrong'
}
