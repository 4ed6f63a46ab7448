import { codeOf, type FailureKind } from '../../failure.ts'

const DRIFT = new Set(['42P01', '42703', '3F000', '42883'])

export function postgresFailure(error: unknown): FailureKind {
  const code = codeOf(error)
  if (/^(40001|40P01|55P03)$/.test(code)) return 'SYNC_CONFLICT'
  if (/^(28|42501)/.test(code)) return 'SYNC_ACCESS'
  if (DRIFT.has(code)) return 'SCHEMA_DRIFT'
  // 57P: shutdown or terminated. 57014: canceled. 08: connection. 53: too many connections or out of resources.
  if (/^(57P|57014|08|53)/.test(code)) return 'SYNC_TRANSPORT'
  if (/^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)) return 'SYNC_UPSTREAM'
  return 'SYNC_TRANSPORT'
}
