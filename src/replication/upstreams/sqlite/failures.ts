import { codeOf, messageOf, type FailureKind } from '../../failure.ts'

export function sqliteFailure(error: unknown): FailureKind {
  const code = codeOf(error)
  const message = messageOf(error)
  if (/^SQLITE_(BUSY|LOCKED)/.test(code) || /database (table )?is locked/.test(message)) {
    return 'SYNC_CONFLICT'
  }
  if (/no such (table|column)/.test(message)) return 'SCHEMA_DRIFT'
  if (/^SQLITE_(AUTH|PERM|READONLY)/.test(code) || /readonly database/.test(message)) {
    return 'SYNC_ACCESS'
  }
  if (/^SQLITE_(CANTOPEN|IOERR|PROTOCOL)/.test(code)) return 'SYNC_TRANSPORT'
  return 'SYNC_UPSTREAM'
}
