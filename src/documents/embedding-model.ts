import { VecError } from '../core/errors.ts'
import type { Database } from '../database/database.ts'
import { scalar } from '../database/query.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { quoteName } from '../search/schema/names.ts'

/** The model that embedded a dataset, if its embeddings name one. `table` is quoted for SQL. */
export function storedModel(db: Database, table: string, dataset: string): string | undefined {
  const sql = `SELECT ${COLUMN.model} FROM ${table}
    WHERE ${COLUMN.dataset} = ? AND ${COLUMN.model} IS NOT NULL AND length(${COLUMN.embedding}) > 0 LIMIT 1`
  return scalar(db, sql, dataset) as string | undefined
}

/** Throws for a model that is not the dataset's, and for a table that cannot store its name. */
export function requireModel(
  db: Database,
  columns: ReadonlySet<string>,
  shadow: string,
  dataset: string,
  model: string,
): void {
  if (!columns.has(COLUMN.model)) {
    throw new VecError(
      'VEC_SHADOW',
      `vecutil: the table ${shadow} lacks the column embedding_model, which stores the name of the model`,
      { hint: `ALTER TABLE ${quoteName(shadow)} ADD COLUMN ${COLUMN.model} TEXT` },
    )
  }
  const known = storedModel(db, quoteName(shadow), dataset)
  if (known !== undefined && known !== model) throw otherModel(dataset, model, known)
}

export function otherModel(dataset: string, model: string, known: string): VecError {
  return new VecError(
    'VEC_MODEL',
    `vecutil: cannot use model '${model}': dataset '${dataset}' holds embeddings of model '${known}'`,
    {
      hint: 'embed with the model that embedded the documents, or use another dataset for the new one, or delete the old documents first',
    },
  )
}
