import type { Connection } from '../engine/connection.ts'
import { VecError } from '../errors.ts'
import { quoteName } from '../store/names.ts'

/** The model that embedded a dataset, as far as its rows tell. */
export function storedModel(db: Connection, shadow: string, dataset: string): string | undefined {
  const statement = db.prepare(
    `SELECT embedding_model FROM ${quoteName(shadow)}
     WHERE dataset_id = ? AND embedding_model IS NOT NULL LIMIT 1`,
  )
  try {
    return statement.pluck().get(dataset) as string | undefined
  } finally {
    statement.finalize()
  }
}

/** Refuses a model that is not the dataset's, and a table that cannot keep its name. */
export function requireModel(db: Connection, shadow: string, dataset: string, model: string): void {
  requireModelColumn(db, shadow)
  const known = storedModel(db, shadow, dataset)
  if (known !== undefined && known !== model) throw otherModel(dataset, model, known)
}

export function otherModel(dataset: string, model: string, known: string): VecError {
  return new VecError(
    'VEC_MODEL',
    `vecutil: model '${model}' for dataset '${dataset}', which holds embeddings of model '${known}'`,
    {
      hint: 'embed with the model that embedded the documents, or use another dataset for the new one, or delete the old documents first',
    },
  )
}

/** Without the column nobody can tell which model made an embedding. */
function requireModelColumn(db: Connection, shadow: string): void {
  const columns = db.pragma(`table_info(${quoteName(shadow)})`) as { name: string }[]
  if (columns.some(({ name }) => name.toLowerCase() === 'embedding_model')) return
  if (columns.length === 0) {
    throw new VecError('VEC_SHADOW', `vecutil: there is no table ${shadow}`, {
      hint: 'CREATE VIRTUAL TABLE ... USING vec(doc_id) makes it',
    })
  }
  throw new VecError(
    'VEC_SHADOW',
    `vecutil: the table ${shadow} has no column embedding_model, where the name of the model is kept`,
    { hint: `ALTER TABLE ${quoteName(shadow)} ADD COLUMN embedding_model TEXT` },
  )
}
