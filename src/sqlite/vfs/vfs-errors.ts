import {
  SQLITE_BUSY,
  SQLITE_CANTOPEN,
  SQLITE_CANTOPEN_ISDIR,
  SQLITE_FULL,
  SQLITE_IOERR_TRUNCATE,
  SQLITE_IOERR_WRITE,
} from '../result-codes.ts'

/** What went wrong below SQLite, which itself only says "disk I/O error" or "unable to open database file". */
export interface VfsError {
  /** The extended result code SQLite was given: compare it with the code of the error being explained. */
  readonly code: number
  readonly path: string
  /** The system's name for it ('ENOSPC'), '' where the refusal is ours. */
  readonly errno: string
  readonly message: string
  readonly hint: string | undefined
}

const newest = new Map<number, VfsError>()

/** The newest failure of a file operation or lock in this thread that SQLite was given the extended result code `code` for. */
export function lastVfsError(code: number): VfsError | undefined {
  return newest.get(code)
}

/** A refusal with a result code of its own, thrown inside the VFS and turned into that code at the C border. */
export class VfsFailure extends Error {
  readonly code: number
  readonly path: string
  readonly errno: string
  readonly hint: string | undefined

  constructor(
    code: number,
    path: string,
    message: string,
    options: { hint?: string; errno?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.path = path
    this.errno = options.errno ?? ''
    this.hint = options.hint
  }
}

/** Remembers `error` and gives the code SQLite is told: `code`, unless the system's errno says it better. */
export function report(error: unknown, code: number, path: string): number {
  if (error instanceof VfsFailure) {
    const { message, hint, errno } = error
    return remember({ code: error.code, path: error.path, errno, message, hint })
  }
  const errno = errnoOf(error)
  const message = error instanceof Error ? error.message : String(error)
  return remember({ code: codeOf(errno, code), path, errno, message, hint: undefined })
}

/** Remembers who is in the way. */
export function reportBusy(path: string, message: string, hint?: string): number {
  return remember({ code: SQLITE_BUSY, path, errno: '', message: `${path}: ${message}`, hint })
}

function remember(error: VfsError): number {
  newest.set(error.code, error)
  mostRecent = error
  return error.code
}

let mostRecent: VfsError | undefined

/** What xGetLastError tells. */
export function lastMessage(): string {
  return mostRecent?.message ?? ''
}

/** The errno of a failed node:fs call, '' when the error is of another kind. */
export function errnoOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  return typeof code === 'string' ? code : ''
}

function codeOf(errno: string, code: number): number {
  const writes = code === SQLITE_IOERR_WRITE || code === SQLITE_IOERR_TRUNCATE
  if (writes && (errno === 'ENOSPC' || errno === 'EDQUOT')) return SQLITE_FULL
  if (code === SQLITE_CANTOPEN && errno === 'EISDIR') return SQLITE_CANTOPEN_ISDIR
  return code
}
