import type { EmbeddingType } from '../../core/embedding-type.ts'
import type { Database } from '../../database/database.ts'
import { numberOf, scalar, texts } from '../../database/query.ts'
import { lowerCase, type DocumentColumns } from './document-columns.ts'
import { catalogOf, quoteName, quoteText } from './names.ts'
import { shadowTableBody, type StoredColumn } from './table-schema.ts'

/** One row per change that can alter a search result, written by triggers in plain SQL. */
export const JOURNAL = 'vec_journal'
/** One row: the history that the journal records (`epoch`), and how much of its beginning was pruned. */
export const JOURNAL_STATE = 'vec_journal_state'
/** The manifests of saved indexes, in the original's table. */
export const STORAGE = 'vector_storage'
/** The blocks of saved indexes. */
export const BLOCKS = 'vector_storage_chunks'
/** One row for each text index: the log position that it covers. */
export const TEXT_STATE = 'vec_text_state'
/** The locks for builds; the original's table. */
const LOCKS = 'vector_storage_locks'

/** A named object of the schema, with its text in sqlite_schema. */
export interface SchemaObject {
  readonly type: 'table' | 'virtual table' | 'trigger'
  readonly name: string
  /** The text after CREATE TABLE, CREATE VIRTUAL TABLE or CREATE TRIGGER and the name. */
  readonly body: string
}

export function createStatement(schema: string, object: SchemaObject): string {
  const kind = object.type.toUpperCase()
  return `CREATE ${kind} IF NOT EXISTS ${quoteName(schema)}.${quoteName(object.name)} ${object.body}`
}

/** The text under which SQLite stores an object. */
export function storedText(object: SchemaObject): string {
  return `CREATE ${object.type.toUpperCase()} ${quoteName(object.name)} ${object.body}`
}

/** The table of documents, with the original's columns, for users who did not create it. */
export function shadowTable(
  name: string,
  metadata: readonly StoredColumn[] = [],
  type?: EmbeddingType,
): SchemaObject {
  return { type: 'table', name, body: shadowTableBody('', metadata, type) }
}

/** The tables that all vec tables of a file share. */
export const SUPPORT_TABLES: readonly SchemaObject[] = [
  {
    type: 'table',
    name: JOURNAL,
    body: `(
  seq INTEGER PRIMARY KEY,
  tag INTEGER,
  shadow_table TEXT,
  dataset_id TEXT,
  id TEXT
)`,
  },
  {
    type: 'table',
    name: JOURNAL_STATE,
    body: `(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch INTEGER NOT NULL,
  pruned_seq INTEGER NOT NULL
)`,
  },
  {
    type: 'table',
    name: STORAGE,
    body: `(
    shadow_table_name TEXT NOT NULL,
    dataset_id        TEXT NOT NULL DEFAULT '',
    "index"           BLOB,
    PRIMARY KEY (shadow_table_name, dataset_id)
)`,
  },
  {
    type: 'table',
    name: BLOCKS,
    body: `(
  shadow_table_name TEXT NOT NULL,
  dataset_id TEXT NOT NULL,
  section TEXT NOT NULL,
  chunk INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (shadow_table_name, dataset_id, section, chunk)
)`,
  },
  {
    type: 'table',
    name: LOCKS,
    body: `(
    shadow_table_name TEXT NOT NULL,
    dataset_id        TEXT NOT NULL DEFAULT '',
    owner             TEXT NOT NULL,
    locked_at         INTEGER NOT NULL,
    PRIMARY KEY (shadow_table_name, dataset_id)
)`,
  },
]

/** The tables that every query relies on. */
export const JOURNAL_TABLES: readonly SchemaObject[] = SUPPORT_TABLES.slice(0, 2)

/**
 * A new history, for which no index can exist. Numbers stay below 2^47, so that an incremented epoch never exceeds what
 * a double can hold.
 */
const FRESH_EPOCH = 'random() & 0x7fffffffffff'

export function firstState(schema: string): string {
  return `INSERT OR IGNORE INTO ${quoteName(schema)}.${JOURNAL_STATE} VALUES (1, ${FRESH_EPOCH}, 0)`
}

/** The assignments for an UPDATE of the state that invalidates all earlier indexes. */
export const NEW_HISTORY: string = `epoch = ${FRESH_EPOCH}, pruned_seq = 0`

/** The journal was written by hand: indexes of an earlier state must be built again. */
const NEW_EPOCH = `UPDATE ${JOURNAL_STATE} SET epoch = epoch + 1;`

/** Triggers on the journal, for entries that a reader may still need and that were deleted or rewritten. */
export const GUARD_TRIGGERS: readonly SchemaObject[] = [
  {
    type: 'trigger',
    name: `${JOURNAL}_deleted`,
    body: `AFTER DELETE ON ${JOURNAL} WHEN OLD.seq > coalesce((SELECT pruned_seq FROM ${JOURNAL_STATE}), 0) BEGIN ${NEW_EPOCH} END`,
  },
  {
    type: 'trigger',
    name: `${JOURNAL}_updated`,
    body: `AFTER UPDATE ON ${JOURNAL} BEGIN ${NEW_EPOCH} END`,
  },
]

/** The parts of a shadow table that its triggers watch. */
export interface WatchedTable {
  readonly name: string
  readonly documents: DocumentColumns
  /** Columns whose change can alter a result, or through which REPLACE can delete another row. */
  readonly watched: readonly string[]
  /** The name of the rowid, if the table has one. */
  readonly rowid: string | undefined
}

function differs(column: string): string {
  const name = quoteName(column)
  return `OLD.${name} COLLATE BINARY IS NOT NEW.${name}`
}

/** Triggers on a shadow table: every change that can alter a result writes its key, in the same transaction. */
export function journalTriggers(table: WatchedTable): SchemaObject[] {
  const { documents } = table
  const key = documents.keyOf(table.name)
  const literal = quoteText(key)
  const log = (row: 'OLD' | 'NEW', where = ''): string =>
    where === ''
      ? `INSERT INTO ${JOURNAL}(tag, shadow_table, dataset_id, id) VALUES (random(), ${literal}, ${documents.logged(row)});`
      : `INSERT INTO ${JOURNAL}(tag, shadow_table, dataset_id, id) SELECT random(), ${literal}, ${documents.logged(row)}${where};`
  const watched = table.watched.map(differs)
  if (table.rowid !== undefined) watched.push(`OLD.${table.rowid} IS NOT NEW.${table.rowid}`)
  const keyMoved = ` WHERE ${documents.keyDiffers(differs)}`
  const on = `ON ${quoteName(table.name)}`
  const trigger = (event: string, body: string): SchemaObject => ({
    type: 'trigger',
    name: triggerName(key, event),
    body,
  })
  return [
    trigger('inserted', `AFTER INSERT ${on} BEGIN ${log('NEW')} END`),
    trigger('deleted', `AFTER DELETE ${on} BEGIN ${log('OLD')} END`),
    trigger(
      'updated',
      `AFTER UPDATE ${on} WHEN ${watched.join(' OR ')} BEGIN ${log('OLD')} ${log('NEW', keyMoved)} END`,
    ),
  ]
}

export function triggerName(key: string, event: string): string {
  return `${JOURNAL}_${key}_${event}`
}

/** The columns, in lower case, that the text of an UPDATE trigger compares. */
export function watchedIn(trigger: string | undefined): ReadonlySet<string> {
  const names = (trigger ?? '').matchAll(/\bOLD\."((?:[^"]|"")+)" COLLATE BINARY IS NOT NEW\./g)
  return new Set(Array.from(names, ([, name]) => lowerCase(name.replaceAll('""', '"'))))
}

export function hasTable(db: Database, schema: string, table: string): boolean {
  const sql = `SELECT count(*) FROM ${catalogOf(schema)} WHERE type = 'table' AND name = ?`
  return numberOf(db, sql, table) === 1
}

/** The text that a schema stores for a table or trigger. */
export function storedSql(db: Database, schema: string, name: string): string | undefined {
  const sql = `SELECT sql FROM ${catalogOf(schema)} WHERE name = ?`
  return scalar(db, sql, name) as string | undefined
}

/** The name of a storage table without the columns it needs, which belongs to another program. */
export function foreignStorageTable(db: Database, schema: string): string | undefined {
  const needed: readonly [table: string, columns: readonly string[]][] = [
    [STORAGE, ['shadow_table_name', 'dataset_id', 'index']],
    [BLOCKS, ['shadow_table_name', 'dataset_id', 'section', 'chunk', 'data']],
  ]
  return needed.find(([table, names]) => {
    const there = texts(db, 'SELECT name FROM pragma_table_info(?, ?)', table, schema)
    return there.length > 0 && names.some(name => !there.includes(name))
  })?.[0]
}
