import { F32, typeOfColumn } from '../core/embedding-type.ts'
import { VecError } from '../core/errors.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { SHADOW_COLUMNS } from '../search/schema/table-schema.ts'
import { hasTriggers } from './capture.ts'
import { type DatasetOptions, withSource } from './datasets.ts'
import type { UpstreamDdl } from './dialect.ts'
import type { Source } from './source.ts'
import type { SyncNames } from './sync-names.ts'
import type { ServerFacts, ServerProblem, UpstreamSession } from './upstream-session.ts'
import type { Upstream } from './upstream.ts'

export interface InstallOptions extends DatasetOptions {
  /** What writes the log: the database's triggers, or `createWriter`. `trigger` by default. */
  readonly capture?: 'trigger' | 'app'
  /** Changes nothing: reports what an installation would do, and what prevents it. */
  readonly dryRun?: boolean
}

export interface InstallReport {
  readonly server: ServerFacts
  readonly capture: 'trigger' | 'app'
  readonly statements: readonly string[]
  readonly installed: boolean
  /** What prevents an installation. A real installation throws with the same list. */
  readonly problems: readonly ServerProblem[]
}

/**
 * Creates the tables and triggers of an upstream, after checking the server. Safe to repeat.
 *
 *     const { problems } = await installUpstream(upstream, { dryRun: true })
 *     if (problems.length === 0) await installUpstream(upstream)
 */
export function installUpstream(
  upstream: Upstream,
  options: InstallOptions = {},
): Promise<InstallReport> {
  return withSource(upstream, options, source =>
    source.use(async session => {
      const capture = options.capture ?? 'trigger'
      const server = await upstream.probe(session, capture)
      const problems = [...server.problems, ...(await foreignTables(source, session))]
      if (capture === 'app' && problems.length === 0 && (await hasTriggers(source, session))) {
        problems.push({
          what: `${source.shadowTable} has log triggers`,
          change: `drop them, or keep capture 'trigger'`,
        })
      }
      const { ddl } = upstream
      const statements = upstreamStatements(ddl, source.shadowTable, source.names, capture)
      if (options.dryRun === true)
        return { server, capture, statements, installed: false, problems }
      if (problems.length > 0) throw refusal(upstream, problems)
      for (const statement of ddl.enclosed(source.shadowTable, statements)) {
        await session.run(statement)
      }
      return { server, capture, statements, installed: true, problems }
    }),
  )
}

/** All statements that an upstream needs for one shadow table, in order. */
export function upstreamStatements(
  ddl: UpstreamDdl,
  table: string,
  names: SyncNames,
  capture: 'trigger' | 'app',
  schema = '',
): string[] {
  return [
    ...ddl.controlTables(names, schema),
    ...ddl.shadowTable(table, names, schema),
    ...(capture === 'trigger' ? ddl.logTriggers(table, names, schema) : []),
  ]
}

/** The columns that each of our tables must have, its key first. */
const SHAPES: readonly {
  readonly table: (source: Source) => string
  readonly key: string
  readonly columns: readonly string[]
}[] = [
  {
    table: source => source.names.dataset,
    key: 'dataset_id',
    columns: ['dataset_id', 'description', 'source_uri', 'epoch', 'deleted_at', 'created_at'],
  },
  {
    table: source => source.names.counter,
    key: 'dataset_id,shadow_table',
    columns: ['dataset_id', 'shadow_table', 'last_scn', 'pruned_scn'],
  },
  {
    table: source => source.names.log,
    key: 'dataset_id,shadow_table,scn',
    columns: ['dataset_id', 'shadow_table', 'scn', 'op', 'document_id', 'payload', 'created_at'],
  },
  {
    table: source => source.shadowTable,
    key: 'dataset_id,id',
    columns: SHADOW_COLUMNS.map(({ stored }) => stored),
  },
]

/** Tables under our names that the original or another program made, with all differences. */
async function foreignTables(source: Source, session: UpstreamSession): Promise<ServerProblem[]> {
  const problems: ServerProblem[] = []
  for (const shape of SHAPES) {
    const table = shape.table(source)
    const { columns, key, types } = await source.upstream.columns(session, table)
    if (columns.length === 0) continue
    const differences: string[] = []
    const missing = shape.columns.filter(column => !columns.includes(column))
    if (missing.length > 0) differences.push(`lacks ${missing.join(', ')}`)
    if (key.join() !== shape.key) {
      differences.push(
        `has the primary key (${key.join(', ')}), not (${shape.key.replaceAll(',', ', ')})`,
      )
    }
    const embedding = types[COLUMN.embedding] ?? ''
    if (typeOfColumn(embedding) !== F32) {
      differences.push(`stores embeddings as ${embedding}, not as float32`)
    }
    if (differences.length > 0) {
      problems.push({
        what: `table ${table} ${differences.join(' and ')}`,
        change: `rename it and copy its rows into the new one (docs/INGESTION.md), use another prefix, or follow it unchanged with profile 'legacy'`,
      })
    }
  }
  return problems
}

function refusal(upstream: Upstream, problems: readonly ServerProblem[]): VecError {
  const access = problems.every(problem => problem.change.startsWith('GRANT'))
  return new VecError(
    access ? 'SYNC_ACCESS' : 'SYNC_UPSTREAM',
    `${upstream.description} cannot be an upstream: ${problems.map(problem => problem.what).join('; ')}`,
    { hint: problems.map(problem => problem.change).join('; ') },
  )
}
