import { VecError, type SyncErrorCode } from '../core/errors.ts'
import { tlsRefusal } from './tls-failure.ts'

/** The meaning of a driver's error for replication. Each database's folder classifies its own codes. */
export type FailureKind =
  | 'SYNC_TRANSPORT'
  | 'SYNC_CONFLICT'
  | 'SYNC_ACCESS'
  | 'SCHEMA_DRIFT'
  | 'SYNC_UPSTREAM'

/** Converts a driver's error into ours: classified, without credentials. */
export function upstreamFailure(kind: FailureKind, error: unknown, doing: string): VecError {
  if (isSyncError(error)) return error
  const cause = harmless(error)
  const refusal = tlsRefusal(codeOf(error), cause.message)
  if (refusal !== undefined) {
    const { message, hint } = refusal
    return new VecError('SYNC_ACCESS', `${doing}: ${message}`, { hint, cause })
  }
  return new VecError(kind, `${doing}: ${cause.message}`, { cause })
}

export function timeoutFailure(doing: string, milliseconds: number): VecError {
  return new VecError('SYNC_TIMEOUT', `${doing}: no answer within ${milliseconds} ms`, {
    hint: 'the connection was dropped; the next attempt opens a new one',
  })
}

/** `reason` is what the driver threw while it read the socket, if anything. */
export function closedFailure(doing: string, reason?: unknown): VecError {
  const failed = reason instanceof Error && reason.name !== 'AbortError'
  return new VecError(
    'SYNC_TRANSPORT',
    `${doing}: the connection was dropped${failed ? `, its driver failed: ${redact(messageOf(reason))}` : ''}`,
    failed ? { cause: harmless(reason) } : {},
  )
}

/** Removes passwords from URLs and key=value pairs. `(using password: YES)` is MySQL's note that there was one. */
export function redact(text: string): string {
  return text
    .replaceAll(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]*@/gi, '$1:***@')
    .replaceAll(
      /\b(password|passwd|pwd|token|secret)(["']?\s*[=:]\s*)(?!(?:YES|NO)\b)("[^"]*"|'[^']*'|[^\s&;,]+)/gi,
      '$1$2***',
    )
}

export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}

export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}

/** A cause that is safe to print: drivers keep connection options and URLs in their errors. */
function harmless(error: unknown): Error {
  const cause: Error & { code?: string } = new Error(redact(messageOf(error)))
  const code = codeOf(error)
  if (code !== '') cause.code = code
  return cause
}

/** Whether two failures are the same apart from the numbers in their messages. */
export function isSameFailure(a: unknown, b: unknown): boolean {
  return codeOf(a) === codeOf(b) && withoutNumbers(a) === withoutNumbers(b)
}

const withoutNumbers = (error: unknown): string => messageOf(error).replaceAll(/\d+/g, '')

const RETRYABLE: ReadonlySet<string> = new Set<SyncErrorCode>([
  'SYNC_TIMEOUT',
  'SYNC_TRANSPORT',
  'SYNC_CONFLICT',
])

/** Whether the same operation, on a new connection, can succeed. */
export function isRetryable(error: unknown): boolean {
  return isSyncError(error) ? RETRYABLE.has(error.code) : isReplicaBusy(error)
}

/**
 * Whether an error comes from replication itself. An error of our SQLite engine is a VecError too, but is classified
 * like a driver's.
 */
export function isSyncError(error: unknown): error is VecError {
  return error instanceof VecError && !/^(SQLITE|VEC)_/.test(error.code)
}

/** Whether SQLite is busy on the replica's side: another connection is writing, or the caller's transaction is open. */
export function isReplicaBusy(error: unknown): boolean {
  return (
    /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error)) ||
    /database (table )?is locked|within a transaction/.test(messageOf(error))
  )
}
