import { VecError } from '../../core/errors.ts'
import { Source } from '../../replication/source.ts'
import type { UpstreamSession } from '../../replication/upstream-session.ts'
import { audit } from './audit.ts'
import type { LegacyLog } from './legacy-log.ts'
import { mysqlLog } from './mysql-log.ts'
import { sqliteLog } from './sqlite-log.ts'

export interface LegacyOptions {
  /** The name of the table in the log, if it differs. */
  readonly logName?: string
  /**
   * The caller guarantees that numbers are allocated inside the writing transaction, if the triggers do not show it.
   */
  readonly allocatedInTransaction?: boolean
}

/** The databases for which the original has a log. */
const LOGS: ReadonlyMap<string, LegacyLog> = new Map([
  ['mysql', mysqlLog],
  ['sqlite', sqliteLog],
])

/**
 * A source over a log that the original's triggers write: its numbers have gaps, and upstreams lack an identity and
 * datasets an epoch. Following it is safe only if a number is allocated in the transaction that writes its entry.
 */
export async function openLegacy(source: Source, options: LegacyOptions): Promise<Source> {
  const { upstream, shadowTable, names } = source
  const legacy = LOGS.get(upstream.database)
  if (legacy === undefined) {
    throw refused(
      `the original does not write a log in ${upstream.description}`,
      'use the v2 profile',
    )
  }
  const session = await source.connect()
  try {
    const { columns } = await upstream.columns(session, names.log)
    const needed = ['dataset_id', 'shadow_table', 'scn', 'op', 'document_id', 'payload']
    const missing = needed.filter(column => !columns.includes(column))
    if (missing.length > 0) {
      throw refused(`${names.log} lacks ${missing.join(', ')}`, 'this is not a log of the original')
    }
    if ((await upstream.columns(session, names.upstream)).columns.length > 0) {
      throw refused(
        `${names.upstream} exists: this log is not the original's`,
        'use the v2 profile',
      )
    }
    const name = options.logName ?? shadowTable
    await checkLogName(session, legacy.logNames(names), name)
    const bodies = (await session.rows(legacy.triggers(shadowTable))).map(row =>
      String(row['body']),
    )
    if (!bodies.some(allocates) && options.allocatedInTransaction !== true) {
      throw refused(
        'the numbers are allocated by a writer, not by the triggers, and may be published out of order',
        'install the v2 schema; or set allocatedInTransaction when every writer calls vec_next_scn inside its transaction',
      )
    }
    if (legacy.colliding !== undefined) {
      const rows = await session.rows(legacy.colliding(names))
      if (rows.length > 0) {
        const datasets = rows.map(row => String(row['datasets'])).join('; ')
        throw refused(
          `the upstream treats these datasets as one, because of its collation: ${datasets}`,
          'rename them, or install the v2 schema',
        )
      }
    }
    const hasCreatedAt = columns.includes('created_at')
    const { reading } = upstream.sql(shadowTable, names, name)
    return new Source(upstream, shadowTable, {
      prefix: names.prefix,
      sparse: { reading: { ...reading, ...legacy.reading(names, { name, hasCreatedAt }) }, audit },
    })
  } finally {
    await session.close()
  }
}

async function checkLogName(session: UpstreamSession, sql: string, name: string): Promise<void> {
  const found = (await session.rows(sql)).map(row => String(row['shadow_table']))
  if (found.length > 0 && !found.includes(name)) {
    throw refused(
      `the log does not contain the table ${JSON.stringify(name)}, but has ${found.map(other => JSON.stringify(other)).join(', ')}`,
      'set its name with legacy.logName',
    )
  }
}

/** The builder's triggers raise the counter themselves. The shipped ones receive a number. */
const allocates = (body: string): boolean =>
  /next_scn\s*=\s*[^,;]*next_scn\s*\+\s*1/i.test(body) && !/vec_log_change/i.test(body)

function refused(what: string, hint: string): VecError {
  return new VecError('SYNC_UPSTREAM', `cannot use the legacy profile: ${what}`, { hint })
}
