import {
  SQLITE_BUSY,
  SQLITE_CANTOPEN,
  SQLITE_CANTOPEN_ISDIR,
  SQLITE_FULL,
  SQLITE_IOERR_SHORT_READ,
  SQLITE_IOERR_TRUNCATE,
  SQLITE_IOERR_WRITE,
} from '../result-codes.ts'

/** A failure below SQLite, which itself only reports "disk I/O error" or "unable to open database file". */
export interface VfsError {
  /** The extended result code that SQLite received. Compare it with the code of the error to be explained. */
  readonly code: number
  readonly path: string
  /** The system's name of the error ('ENOSPC'); '' for a refusal of ours. */
  readonly errno: string
  readonly message: string
  readonly hint: string | undefined
}

const newest = new Map<number, VfsError>()

/**
 * The newest failure of a file operation or lock in this thread for which SQLite received the extended result code
 * `code`.
 */
export function lastVfsError(code: number): VfsError | undefined {
  return newest.get(code)
}

/** A refusal with its own result code, thrown inside the VFS and turned into that code at the C border. */
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

/** Remembers `error` and returns the result code for SQLite: `code`, unless the errno has a more specific one. */
export function report(error: unknown, code: number, path: string): number {
  if (error instanceof VfsFailure) {
    const { message, hint, errno } = error
    return remember({ code: error.code, path: error.path, errno, message, hint })
  }
  const errno = errnoOf(error)
  const message = error instanceof Error ? error.message : String(error)
  return remember({ code: codeOf(errno, code), path, errno, message, hint: undefined })
}

/** Remembers who holds the conflicting lock. */
export function reportBusy(path: string, message: string, hint?: string): number {
  return remember({ code: SQLITE_BUSY, path, errno: '', message: `${path}: ${message}`, hint })
}

/** Remembers where a file ended while SQLite read. Seldom an error: then SQLite gives it no other name than this code. */
export function reportEnd(path: string, end: number): number {
  const code = SQLITE_IOERR_SHORT_READ
  const message = `${path}: the file ends at byte ${end}, where SQLite expects more`
  const hint = 'check whether another program or the disk has truncated it'
  return remember({ code, path, errno: '', message, hint })
}

function remember(error: VfsError): number {
  newest.set(error.code, error)
  mostRecent = error
  return error.code
}

let mostRecent: VfsError | undefined

/** The text for xGetLastError. */
export function lastMessage(): string {
  return mostRecent?.message ?? ''
}

/** The errno of a failed node:fs call; '' for any other error. */
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
