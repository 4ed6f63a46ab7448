import { F32, type EmbeddingType } from '../../core/embedding-type.ts'
import { doubleQuoted } from '../../core/quote.ts'
import { COLUMN } from './columns.ts'

export type SqlType = 'TEXT' | 'BLOB' | 'INTEGER' | 'REAL'

/** The affinity that SQLite derives from the declared type of a column. */
export type Affinity = SqlType | 'NUMERIC'

/** The role of a column of the shadow table. */
export type StoredRole =
  | 'dataset'
  | 'id'
  | 'content'
  | 'meta'
  | 'embedding'
  | 'model'
  | 'scn'
  | 'archived'
  | 'metadata'

/** The role of a column of the vec table. */
export type ColumnRole =
  | StoredRole
  | 'score'
  | 'distance'
  | 'k'
  | 'command'
  | 'filter'
  | 'recall'
  | 'vectorRank'
  | 'vectorScore'
  | 'textRank'
  | 'textScore'

/** A column of the shadow table. */
export interface StoredColumn {
  readonly role: StoredRole
  readonly stored: string
  readonly type: Affinity
  /** The text after the type in CREATE TABLE and ALTER TABLE ADD COLUMN. */
  readonly constraint?: string
  /** Whether a table without it cannot hold documents. */
  readonly required?: boolean
  /** Whether the triggers journal a change of it, since it can alter which rows a search or a filter finds. */
  readonly watched: boolean
  /** Whether a metadata column holds JSON arrays, as text. */
  readonly json?: boolean
  /** For a metadata column that is read from `meta`: the path. */
  readonly from?: string
}

/** A column of the vec table. */
export interface VecColumn {
  readonly role: ColumnRole
  readonly name: string
  readonly type?: Affinity
  /** Whether SELECT * omits it. */
  readonly hidden: boolean
  /** Its column in the shadow table; undefined if it is computed, or an argument of the search. */
  readonly stored?: StoredColumn
  /** Why INSERT and UPDATE cannot set it; undefined if they can. */
  readonly unwritable?: string
}

/** The columns of every shadow table, in the order of CREATE TABLE. */
export const SHADOW: Readonly<Record<Exclude<StoredRole, 'metadata'>, StoredColumn>> = {
  dataset: {
    role: 'dataset',
    stored: COLUMN.dataset,
    type: 'TEXT',
    constraint: 'NOT NULL',
    required: true,
    watched: true,
  },
  id: {
    role: 'id',
    stored: COLUMN.id,
    type: 'TEXT',
    constraint: 'NOT NULL',
    required: true,
    watched: true,
  },
  content: { role: 'content', stored: COLUMN.content, type: 'TEXT', watched: false },
  meta: { role: 'meta', stored: COLUMN.meta, type: 'TEXT', watched: true },
  embedding: {
    role: 'embedding',
    stored: COLUMN.embedding,
    type: 'BLOB',
    required: true,
    watched: true,
  },
  model: { role: 'model', stored: COLUMN.model, type: 'TEXT', watched: false },
  scn: {
    role: 'scn',
    stored: COLUMN.scn,
    type: 'INTEGER',
    constraint: 'NOT NULL DEFAULT 0',
    watched: false,
  },
  archived: {
    role: 'archived',
    stored: COLUMN.archived,
    type: 'INTEGER',
    constraint: 'NOT NULL DEFAULT 0',
    watched: true,
  },
}

/** The same columns as a list. */
export const SHADOW_COLUMNS: readonly StoredColumn[] = Object.values(SHADOW)

const BY_NAME: ReadonlyMap<string, StoredColumn> = new Map(
  SHADOW_COLUMNS.map(column => [column.stored, column]),
)

/** Whether the triggers must journal a change of a column. Columns that only the user knows always count. */
export function isWatched(stored: string): boolean {
  return BY_NAME.get(stored)?.watched ?? true
}

/** The column in SQL. */
export function sqlName({ role, stored }: StoredColumn): string {
  return role === 'metadata' ? doubleQuoted(stored) : stored
}

/** Whether every shadow table has a column of this name. */
export function isShadowColumn(name: string): boolean {
  return BY_NAME.has(name.toLowerCase())
}

/** A column in the form for CREATE TABLE and ALTER TABLE ADD COLUMN. */
export function columnDefinition(column: StoredColumn): string {
  const { type, constraint } = column
  const name = sqlName(column)
  return constraint === undefined ? `${name} ${type}` : `${name} ${type} ${constraint}`
}

/**
 * The text after CREATE TABLE and the name of a shadow table. `references` is a constraint of dataset_id, for a table
 * whose datasets are rows of another one. `type`: how embeddings are stored.
 */
export function shadowTableBody(
  references = '',
  metadata: readonly StoredColumn[] = [],
  type: EmbeddingType = F32,
): string {
  const definitions = [...SHADOW_COLUMNS, ...metadata].map(column => {
    if (column === SHADOW.embedding) return `${sqlName(column)} ${type.declared}`
    const definition = columnDefinition(column)
    return column === SHADOW.dataset && references !== ''
      ? `${definition} ${references}`
      : definition
  })
  const key = `PRIMARY KEY (${SHADOW.dataset.stored}, ${SHADOW.id.stored})`
  return `(\n${[...definitions, key].map(line => `  ${line}`).join(',\n')}\n)`
}

/** The columns of one vec table and of its shadow table. */
export class TableSchema {
  /** The columns of the vec table in the order of its declaration. The position of each is its number in SQLite. */
  readonly columns: readonly VecColumn[]
  /** The stored columns besides the key and the embedding, and their numbers in the vec table. */
  readonly attributes: readonly StoredColumn[]
  readonly attributePlaces: readonly { readonly place: number; readonly stored: StoredColumn }[]
  readonly unwritablePlaces: readonly number[]
  /** The columns that the table declares. */
  readonly metadata: readonly StoredColumn[]
  readonly #places = new Map<ColumnRole, number>()

  /** Whether the table has a text index, so that a search ranks by vector and by text. */
  readonly hasText: boolean

  /** `id` is the name of the id column, `metadata` the other columns that the table declares. */
  constructor(
    table: string,
    id: string,
    metadata: readonly StoredColumn[] = [],
    hasText: boolean = false,
  ) {
    const columns = [
      ...vecColumns(id),
      ...metadata.map(column => storedAs(column, column.stored, false)),
    ]
    // If another column has the name of the table, there is no column for commands.
    if (!has(columns, table)) columns.push({ role: 'command', name: table, hidden: true })
    // A table or an id column with one of these names takes precedence over the hidden column.
    for (const column of hasText ? [FILTER, ...RANKS, RECALL] : [FILTER, RECALL]) {
      if (!has(columns, column.name)) columns.push(column)
    }
    this.columns = columns
    this.attributePlaces = columns.flatMap(({ stored }, place) =>
      stored && !stored.required ? [{ place, stored }] : [],
    )
    this.unwritablePlaces = [...columns.keys()].filter(
      place => columns[place].unwritable !== undefined,
    )
    this.attributes = this.attributePlaces.map(({ stored }) => stored)
    for (const [place, { role }] of columns.entries()) this.#places.set(role, place)
    this.metadata = metadata
    this.hasText = hasText
  }

  /** The number of the column of a role; -1 if the table lacks it. */
  place(role: ColumnRole): number {
    return this.#places.get(role) ?? -1
  }

  get id(): string {
    return this.columns[this.place('id')].name
  }

  /** CREATE TABLE in the form for sqlite3_declare_vtab. */
  get declaration(): string {
    const columns = this.columns.map(({ name, type, hidden }) =>
      [doubleQuoted(name), type, hidden ? 'HIDDEN' : undefined]
        .filter(word => word !== undefined)
        .join(' '),
    )
    return `CREATE TABLE vec(${columns.join(', ')})`
  }
}

/** Whether every vec table has a column of this name, so that the id column needs another name. */
export function isReservedColumn(name: string): boolean {
  return has(
    vecColumns('').filter(({ role }) => role !== 'id'),
    name,
  )
}

function has(columns: readonly VecColumn[], name: string): boolean {
  return columns.some(column => column.name.toLowerCase() === name.toLowerCase())
}

const FILTER: VecColumn = {
  role: 'filter',
  name: 'filter',
  type: 'TEXT',
  hidden: true,
  unwritable: 'it says which rows a search returns',
}

const RECALL: VecColumn = {
  role: 'recall',
  name: 'recall',
  type: 'REAL',
  hidden: true,
  unwritable: 'it says what share of the nearest rows a search has to find',
}

const computed = 'a search computes it'

/** The ranks of a row, for searches with words. */
const RANKS: readonly VecColumn[] = [
  rankColumn('vectorRank', 'vector_rank', 'INTEGER'),
  rankColumn('vectorScore', 'vector_score', 'REAL'),
  rankColumn('textRank', 'text_rank', 'INTEGER'),
  rankColumn('textScore', 'text_score', 'REAL'),
]

function rankColumn(role: ColumnRole, name: string, type: SqlType): VecColumn {
  return { role, name, type, hidden: true, unwritable: computed }
}

function vecColumns(id: string): VecColumn[] {
  return [
    storedAs(SHADOW.dataset, SHADOW.dataset.stored, false),
    storedAs(SHADOW.id, id, false),
    { role: 'score', name: 'match_score', type: 'REAL', hidden: true, unwritable: computed },
    { role: 'distance', name: 'distance', type: 'REAL', hidden: true, unwritable: computed },
    {
      role: 'k',
      name: 'k',
      type: 'INTEGER',
      hidden: true,
      unwritable: 'it says how many rows a search returns',
    },
    storedAs(SHADOW.content, SHADOW.content.stored, true),
    storedAs(SHADOW.meta, SHADOW.meta.stored, true),
    storedAs(SHADOW.embedding, SHADOW.embedding.stored, true),
  ]
}

function storedAs(stored: StoredColumn, name: string, hidden: boolean): VecColumn {
  const { role, type, from } = stored
  const column = { role, name, type, hidden, stored }
  return from === undefined
    ? column
    : { ...column, unwritable: `it is read from ${SHADOW.meta.stored} ('${from}')` }
}
