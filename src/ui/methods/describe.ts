import { doubleQuoted } from '../../core/quote.ts'
import type { Connection } from '../../entries/main.ts'
import { describeTable, type DatasetDescription, type TableDescription } from '../../entries/vec.ts'
import { inspect, type FileDescription } from '../../entries/vecadmin.ts'
import { storedType } from '../../search/schema/stored-type.ts'

/** Rows of a dataset in which its model is looked for. */
const SAMPLE = 200

/**
 * The file with its tables and datasets. `inspect()` alone would read every row of a dataset that does not name a
 * model, in the order of the ids, which takes seconds where the file is in the storage of a browser.
 */
export function describeFile(db: Connection): FileDescription {
  const file = inspect(db, { check: false, counts: false })
  return {
    ...file,
    tables: file.tables.map(table => {
      if (table.problem !== undefined) return table
      return table.dbpath === undefined
        ? Object.assign({}, table, { datasets: datasetsOf(db, table) })
        : describeTable(db, table.name)
    }),
  }
}

function datasetsOf(db: Connection, table: TableDescription): DatasetDescription[] {
  const from = `main.${doubleQuoted(table.shadow)}`
  using rows = db.prepare(`SELECT count(*) FROM ${from} WHERE dataset_id = ?`)
  using dims = db.prepare(
    `SELECT length(embedding) / ${storedType(db, table.shadow).bytes} FROM ${from}
     WHERE dataset_id = ? AND typeof(embedding) = 'blob' AND length(embedding) > 0 LIMIT 1`,
  )
  const model = table.columns.includes('embedding_model') ? 'CAST(embedding_model AS TEXT)' : 'NULL'
  using models = db.prepare(
    `SELECT m FROM (SELECT ${model} AS m FROM ${from} WHERE dataset_id = ? LIMIT ${SAMPLE}) WHERE m <> '' LIMIT 1`,
  )
  for (const statement of [rows, dims, models]) statement.pluck()
  return table.datasets.map(({ name }) => ({
    name,
    rows: rows.get(name) as number,
    dim: dims.get(name) as number | undefined,
    model: models.get(name) as string | undefined,
  }))
}
