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
const BUG =
  'check the arguments, and leave out optional ones; a cursor must be that of the page before, unchanged'
const SIMPLER = 'make the arguments simpler: fewer conditions, shorter values'

/** The maximum length of an error, which may repeat an argument. */
const LONGEST = 1000

/** An error as a client reads it: what is wrong, and in a second line what to do. */
export function errorText(error: unknown): string {
  const { message, hint } = remedyOf(error)
  // Tools call the synchronous form of some methods.
  const said = shortened(message.replaceAll(/\b(query|upsert)Sync\(\)/g, '$1()'))
  return hint === undefined || message.includes(hint) ? said : `${said}\n${shortened(hint)}`
}

/** Messages often end with what they expected. */
function shortened(text: string): string {
  const half = LONGEST / 2
  return text.length <= LONGEST ? text : `${text.slice(0, half)} ... ${text.slice(-half)}`
}

function remedyOf(error: unknown): { readonly message: string; readonly hint?: string } {
  if (!(error instanceof Error)) return { message: String(error), hint: BUG }
  const { message, name } = error
  if (error instanceof VecError) {
    const locked = error.code === 'SQLITE_BUSY' || error.code === 'SQLITE_LOCKED'
    // Hints about a lock are for programs.
    return { message, hint: locked ? BUSY : (error.hint ?? adviceOn(error)) }
  }
  // Errors of an embed function may have a hint, too.
  if ('hint' in error && typeof error.hint === 'string') return { message, hint: error.hint }
  if (error instanceof RangeError && message === 'Maximum call stack size exceeded') {
    return { message: 'a value is too long, or nested too deeply', hint: SIMPLER }
  }
  // Errors of arguments say what was expected.
  if (/: (expected|use) /.test(message)) return { message }
  if (name === 'AbortError') return { message, hint: 'the request was cancelled: send it again' }
  return { message, hint: BUG }
}

function adviceOn({ code, message }: VecError): string {
  if (/expected|Known:/.test(message)) return ''
  if (/^SQLITE_(ERROR|TOOBIG|RANGE)$/.test(code)) return SIMPLER
  return 'run svec check on the file: it says what is wrong'
}
