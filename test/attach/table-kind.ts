import type { AttachOptions, DocumentId, Filter, VectorDocument } from '../../src/entries/attach.ts'

/** The row of an application, whatever its table calls the columns. */
export interface Row {
  readonly tenant: number
  readonly id: number
  /** In little-endian float32; other bytes for what is not a vector. */
  readonly embedding: Uint8Array | null
  readonly lang: string
  readonly year: number
}

/** A form of table that is searched. In SQL it is `{table}`. */
export interface TableKind {
  readonly name: string
  /** Made by our own engine, not by the driver. */
  readonly vec?: string
  readonly create?: string
  readonly table: string
  readonly options: AttachOptions
  readonly tenantColumn?: string
  readonly idColumn: string
  readonly embeddingColumn: string
  /** Columns with their values for SQL. */
  columns(row: Row): Record<string, string>
  /** What search knows a row by. */
  idOf(id: number): DocumentId
  tenantOf(tenant: number): DocumentId | undefined
  document(row: Row): VectorDocument
  /** Each with the same as SQL. */
  readonly filters: readonly (readonly [Filter, string])[]
  /** What makes a row invisible to searches. */
  readonly hidden?: string
}

export function blobOf(bytes: Uint8Array | null): string {
  return bytes === null ? 'NULL' : `x'${Buffer.from(bytes).toString('hex')}'`
}

function quoted(text: string): string {
  return `'${text}'`
}

function json({ lang, year }: Row): string {
  return JSON.stringify({ lang, year })
}

const ofColumns: TableKind['filters'] = [
  [{ lang: 'en' }, `lang = 'en'`],
  [{ year: { $gte: 2003 } }, 'year >= 2003'],
  [{ lang: { $ne: 'de' }, year: { $in: [2001, 2002] } }, `lang <> 'de' AND year IN (2001, 2002)`],
]

/** A vec table, with a column that is stored and one that is read from JSON. */
const vec: TableKind = {
  name: 'a vec table',
  vec: `CREATE VIRTUAL TABLE docs USING vec(doc_id, lang TEXT FROM '$.lang', year INTEGER, metric={metric})`,
  table: '_vec_docs',
  options: { table: 'docs' },
  tenantColumn: 'dataset_id',
  idColumn: 'id',
  embeddingColumn: 'embedding',
  hidden: 'coalesce(archived, 0) <> 0',
  columns: row => ({
    dataset_id: quoted(`t${row.tenant}`),
    id: quoted(`d${row.id}`),
    embedding: blobOf(row.embedding),
    meta: quoted(json(row)),
    year: String(row.year),
  }),
  idOf: id => `d${id}`,
  tenantOf: tenant => `t${tenant}`,
  document: row => ({ id: `d${row.id}`, meta: json(row), columns: { year: row.year } }),
  filters: ofColumns,
}

const integers: TableKind = {
  name: 'INTEGER PRIMARY KEY, columns',
  create: `CREATE TABLE items(id INTEGER PRIMARY KEY, lang TEXT, year INTEGER, embedding BLOB)`,
  table: 'items',
  options: { table: 'items', metadata: ['lang', 'year'] },
  idColumn: 'id',
  embeddingColumn: 'embedding',
  columns: row => ({
    id: String(row.id),
    lang: quoted(row.lang),
    year: String(row.year),
    embedding: blobOf(row.embedding),
  }),
  idOf: id => id,
  tenantOf: () => undefined,
  document: ({ id, lang, year }) => ({ id, columns: { lang, year } }),
  filters: ofColumns,
}

const tenants: TableKind = {
  name: 'tenants, WITHOUT ROWID, JSON',
  create: `CREATE TABLE pages(tenant INTEGER, slug TEXT, attrs TEXT, vector BLOB, PRIMARY KEY (tenant, slug)) WITHOUT ROWID`,
  table: 'pages',
  options: {
    table: 'pages',
    id: 'slug',
    embedding: 'vector',
    dataset: 'tenant',
    metadata: 'attrs',
  },
  tenantColumn: 'tenant',
  idColumn: 'slug',
  embeddingColumn: 'vector',
  columns: row => ({
    tenant: String(row.tenant),
    slug: quoted(`p/${row.id}`),
    attrs: quoted(json(row)),
    vector: blobOf(row.embedding),
  }),
  idOf: id => `p/${id}`,
  tenantOf: tenant => tenant,
  document: row => ({ id: `p/${row.id}`, meta: json(row) }),
  filters: ofColumns.map(([filter, sql]) => [
    filter,
    sql.replaceAll(/\b(lang|year)\b/g, name => `(attrs ->> '$.${name}')`),
  ]),
}

export const TABLE_KINDS: readonly TableKind[] = [vec, integers, tenants]
