import { codeOf, type FailureKind } from '../../failure.ts'

const CONFLICT = new Set([1205, 1213, 1020, 3572])
const ACCESS = new Set([1044, 1045, 1142, 1143, 1227, 1370, 1419, 1698, 1873, 2059])
const DRIFT = new Set([1054, 1146, 1049])
/**
 * Galera without quorum (1047), shutdown (1053, 1152), too many connections (1040), killed (1317, 1927), a handshake or
 * a command that arrived garbled (1043, 1835).
 */
const TRANSPORT = new Set([
  1043, 1835, 1047, 1053, 1152, 1040, 1203, 1317, 1927, 1158, 1159, 1160, 1161, 3169,
])
/** ER_NET_PACKET_TOO_LARGE looks like a network error, but would fail the same way each time. */
const REFUSED = new Set([1153])

export function mysqlFailure(error: unknown): FailureKind {
  const number = (error as { errno?: unknown } | null)?.errno
  if (typeof number === 'number') {
    if (CONFLICT.has(number)) return 'SYNC_CONFLICT'
    if (ACCESS.has(number)) return 'SYNC_ACCESS'
    if (DRIFT.has(number)) return 'SCHEMA_DRIFT'
    if (REFUSED.has(number)) return 'SYNC_UPSTREAM'
    if (TRANSPORT.has(number)) return 'SYNC_TRANSPORT'
  }
  const code = codeOf(error)
  if (code.startsWith('ER_') && !code.startsWith('ER_NET_')) return 'SYNC_UPSTREAM'
  // System errors, PROTOCOL_CONNECTION_LOST, and a plain Error for a connection that is already closed.
  return 'SYNC_TRANSPORT'
}
