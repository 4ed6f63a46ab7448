import { VecError } from '../core/errors.ts'
import { EXIT, type ExitCode } from './exit-code.ts'
import { withFlags } from './option-flags.ts'

/** Errors of the command line itself. */
export type CliErrorCode =
  | 'CLI_USAGE' // arguments that are unknown, missing or contradict each other
  | 'CLI_INPUT' // a source, or a response of another program, that cannot be read
  | 'CLI_FILE' // a file that is missing, or must not be overwritten
  | 'CLI_OUTPUT' // stdout accepts no more
  | 'CLI_INTERRUPTED' // Ctrl-C or SIGTERM

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: CliErrorCode
  readonly hint: string | undefined

  constructor(
    code: CliErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
  }
}

export function usageError(message: string, hint?: string): CliError {
  return new CliError('CLI_USAGE', message, hint === undefined ? {} : { hint })
}

export function inputError(message: string, hint?: string): CliError {
  return new CliError('CLI_INPUT', message, hint === undefined ? {} : { hint })
}

/** An error in the form that a user sees. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
  readonly exit: ExitCode
}

/** The form of `error` that a user sees: never a stack, always an exit code. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CliError) {
    const { code, message, hint } = error
    return { code, message, hint, exit: CLI_EXITS[code] }
  }
  if (error instanceof VecError) {
    const { code, message } = error
    const locked = code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED'
    const busy = locked || code === 'SYNC_LEASE'
    const hint =
      error.hint ?? (locked ? 'try again, or wait longer with --busy-timeout' : undefined)
    return {
      code,
      message: withFlags(message),
      hint: hint && withFlags(hint),
      exit: busy ? EXIT.busy : isUsage(error) ? EXIT.usage : EXIT.failed,
    }
  }
  if (isSystemError(error)) {
    return { code: error.code, message: systemMessage(error), hint: undefined, exit: EXIT.failed }
  }
  if (error instanceof RangeError || error instanceof TypeError) {
    return { code: error.name, message: error.message, hint: DEBUG_HINT, exit: EXIT.internal }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'INTERNAL', message, hint: DEBUG_HINT, exit: EXIT.internal }
}

const DEBUG_HINT = 'this looks like a bug in svec: SVEC_DEBUG=1 shows where it happened'

const CLI_EXITS: Readonly<Record<CliErrorCode, ExitCode>> = {
  CLI_USAGE: EXIT.usage,
  CLI_INPUT: EXIT.failed,
  CLI_FILE: EXIT.failed,
  CLI_OUTPUT: EXIT.failed,
  CLI_INTERRUPTED: EXIT.interrupted,
}

/** Whether an error concerns an option of an import or export, which is a flag here. */
function isUsage(error: VecError): boolean {
  return error.code === 'VEC_OPTION' && 'option' in error && error.option !== undefined
}

interface SystemError extends Error {
  readonly code: string
  readonly path?: string
}

/** Some errors of Deno have the code of a system error, but not its `syscall`. */
function isSystemError(error: unknown): error is SystemError {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && /^E(?!RR_)[A-Z0-9]+$/.test(code)
}

const SYSTEM_MESSAGES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'is a folder: expected a file',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'the disk is full',
  EEXIST: 'already exists',
}

function systemMessage(error: SystemError): string {
  const known = SYSTEM_MESSAGES[error.code]
  if (known === undefined) return error.message
  return error.path === undefined ? known : `${error.path}: ${known}`
}
