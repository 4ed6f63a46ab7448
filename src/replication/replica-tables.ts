import { randomUUID } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { F32, typeOfColumn } from '../core/embedding-type.ts'
import { VecError } from '../core/errors.ts'
import { inTransaction, type SqliteConnection } from '../database/sqlite-connection.ts'
import { affinityOf } from '../search/schema/shape.ts'
import {
  columnDefinition,
  SHADOW,
  SHADOW_COLUMNS,
  type Affinity,
  type StoredColumn,
} from '../search/schema/table-schema.ts'
import { isReplicaBusy, isSyncError, messageOf } from './failure.ts'
import { replicaShadowTable, replicaTables, STATE_COLUMNS } from './replica-schema.ts'
import { LETTER_BYTES, UTF8_LETTER } from './stored-rows.ts'
import { doubleQuoted as q, type SyncNames } from './sync-names.ts'

/** Columns that an older or smaller shadow table may lack. They can be added in place. */
const ADDABLE: ReadonlySet<StoredColumn> = new Set([SHADOW.model, SHADOW.scn, SHADOW.archived])

interface Column {
  readonly name: string
  readonly type: string
  readonly notnull: number | bigint
  readonly pk: number | bigint
  readonly dflt_value: string | null
}

/** Creates or completes the replica's tables. Refuses an unsuitable table, with all its differences. */
export function prepareReplica(
  connection: SqliteConnection,
  table: string,
  names: SyncNames,
): { replicaId: string } {
  try {
    refuseEncoding(connection)
    return inTransaction(connection, 'BEGIN IMMEDIATE', () => {
      completeState(connection, names)
      for (const statement of replicaTables(names)) connection.exec(statement)
      completeShadow(connection, table)
      const found = connection
        .prepare(`SELECT replica_id FROM ${q(names.identity)} WHERE id = 1`)
        .get() as { replica_id: string } | undefined
      if (found !== undefined) return { replicaId: found.replica_id }
      const replicaId = randomUUID()
      connection
        .prepare(`INSERT INTO ${q(names.identity)} (id, replica_id) VALUES (1, ?)`)
        .run(replicaId)
      return { replicaId }
    })
  } catch (error) {
    if (isSyncError(error) || isReplicaBusy(error)) throw error
    if (/readonly|read-only/i.test(messageOf(error))) {
      throw new VecError('SYNC_REPLICA', 'the replica is open read-only', {
        hint: 'open it for writing; other connections may open it read-only',
        cause: error,
      })
    }
    throw new VecError('SYNC_REPLICA', `cannot use the replica: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Replication compares the bytes of text with an upstream's, and those are UTF-8. */
function refuseEncoding(connection: SqliteConnection): void {
  const row = connection.prepare(LETTER_BYTES).get() as { bytes: string }
  if (row.bytes === UTF8_LETTER) return
  throw new VecError('SYNC_REPLICA', 'the replica stores its text as UTF-16, expected UTF-8', {
    hint: 'create the replica in a new file: SQLite uses UTF-8 unless PRAGMA encoding says otherwise',
  })
}

/** The main file of a connection, with links resolved; undefined for a database in memory. */
export function fileOf(connection: SqliteConnection): string | undefined {
  const row = connection
    .prepare(`SELECT file FROM pragma_database_list WHERE name = 'main'`)
    .get() as { file: string | null } | undefined
  return row?.file ? resolved(row.file) : undefined
}

export function resolved(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

/** Completes the original's state table, which has three of our columns. Its checkpoints start from a bootstrap. */
function completeState(connection: SqliteConnection, names: SyncNames): void {
  const columns = columnsOf(connection, names.state)
  if (columns.length === 0) return
  const present = new Set(columns.map(column => column.name))
  const missing = ['dataset_id', 'shadow_table', 'last_scn'].filter(name => !present.has(name))
  if (missing.length > 0) {
    throw new VecError('SYNC_REPLICA', `${names.state} lacks ${missing.join(', ')}`, {
      hint: 'another program owns this table: choose another prefix',
    })
  }
  for (const [column, type] of STATE_COLUMNS) {
    if (!present.has(column)) {
      connection.exec(`ALTER TABLE ${q(names.state)} ADD COLUMN ${q(column)} ${type}`)
    }
  }
}

function completeShadow(connection: SqliteConnection, table: string): void {
  const columns = columnsOf(connection, table)
  if (columns.length === 0) {
    connection.exec(replicaShadowTable(table))
    return
  }
  const differences: string[] = []
  const key = columns
    .filter(column => Number(column.pk) > 0)
    .toSorted((a, b) => Number(a.pk) - Number(b.pk))
    .map(column => column.name)
  if (key.join() !== 'dataset_id,id') {
    differences.push(`its primary key is (${key.join(', ')}), not (dataset_id, id)`)
  }
  for (const column of SHADOW_COLUMNS) {
    const present = columns.find(({ name }) => name === column.stored)
    if (present === undefined) {
      if (!ADDABLE.has(column)) differences.push(`column ${column.stored} is missing`)
    } else if (Number(present.notnull) !== 0 && column.constraint === undefined) {
      differences.push(`column ${column.stored} is NOT NULL`)
    }
  }
  differences.push(...wrongTypes(columns), ...wrongCollations(connection, table))
  for (const column of columns) {
    if (!KNOWN.has(column.name) && Number(column.notnull) !== 0 && column.dflt_value === null) {
      differences.push(`column ${column.name} is NOT NULL without a default`)
    }
  }
  if (differences.length > 0) {
    throw new VecError('SYNC_REPLICA', `cannot use table ${table}: ${differences.join('; ')}`, {
      hint: 'choose another table with replicaTable, or re-create this one',
    })
  }
  for (const column of ADDABLE) {
    if (!columns.some(({ name }) => name === column.stored)) {
      connection.exec(`ALTER TABLE ${q(table)} ADD COLUMN ${columnDefinition(column)}`)
    }
  }
}

/** Columns whose declared type would change the written values: '7' to 7, 0 to 0.0. */
function wrongTypes(columns: readonly Column[]): string[] {
  return columns.flatMap(({ name, type }) => {
    const expected = KNOWN.get(name)?.type
    // The bytes of an upstream are those of float32.
    const isOther = name === SHADOW.embedding.stored && typeOfColumn(type) !== F32
    if (expected === undefined || (!isOther && KEPT_BY[expected].includes(affinityOf(type)))) {
      return []
    }
    return [`column ${name} is declared ${type}, not ${expected}`]
  })
}

const KNOWN: ReadonlyMap<string, StoredColumn> = new Map(
  SHADOW_COLUMNS.map(column => [column.stored, column]),
)

/** The affinities that keep the values of a column of each type. No affinity changes a BLOB. */
const KEPT_BY: Readonly<Record<Affinity, readonly Affinity[]>> = {
  TEXT: ['TEXT', 'BLOB'],
  INTEGER: ['INTEGER', 'NUMERIC', 'BLOB'],
  REAL: ['REAL', 'NUMERIC', 'BLOB'],
  NUMERIC: ['NUMERIC', 'BLOB'],
  BLOB: ['TEXT', 'INTEGER', 'NUMERIC', 'REAL', 'BLOB'],
}

/** A key under NOCASE or RTRIM has one row where an upstream has two. */
function wrongCollations(connection: SqliteConnection, table: string): string[] {
  const rows = connection
    .prepare(
      `SELECT c.name, c.coll FROM pragma_index_list(?) i, pragma_index_xinfo(i.name) c WHERE i.origin = 'pk' AND c.key = 1`,
    )
    .all(table) as { name: string; coll: string }[]
  return rows
    .filter(({ coll }) => coll !== 'BINARY')
    .map(({ name, coll }) => `its primary key compares ${name} by ${coll}, not byte by byte`)
}

function columnsOf(connection: SqliteConnection, table: string): Column[] {
  return connection
    .prepare('SELECT name, type, "notnull", pk, dflt_value FROM pragma_table_info(?)')
    .all(table) as Column[]
}
