import type { BindValue, Connection, SqlValue } from '../entries/main.ts'
import type { Context } from './context.ts'
import { counted } from './counted.ts'
import {
  CSV_HEAD,
  csvLine,
  jsonLine,
  type StoredDocument,
  type VectorText,
} from './document-text.ts'
import { Filter } from './filter.ts'
import { quoteName } from './sql-names.ts'
import { TargetFile } from './target-file.ts'
import type { VecTable } from './vec-tables.ts'

const VECTORS: readonly VectorText[] = ['json', 'base64', 'none']
/** Text is written in pieces of about this length. */
const PIECE = 2 ** 18

/** Documents of a table as JSONL or CSV, to a file or stdout. `dataset` holds the one that is wanted, or nothing. */
export async function exportText(
  context: Context,
  db: Connection,
  table: VecTable,
  format: 'jsonl' | 'csv',
  dataset: readonly BindValue[],
): Promise<void> {
  const vectors = context.flags.oneOf('vectors', VECTORS) ?? 'json'
  const path = context.args.get('output')
  const { signal } = context
  const write = format === 'jsonl' ? jsonLine : csvLine
  const notes: string[] = []
  const condition = context.flags.text('filter')
  const filter =
    condition === undefined
      ? undefined
      : new Filter(db, table, condition).safe(dataset, note => notes.push(note))
  for (const note of notes) await context.note(note)
  const target =
    path === undefined
      ? undefined
      : new TargetFile(path, context.flags.on('force'), [context.arg('file')])
  const progress = context.progress('exporting')
  let documents = 0
  let piece = format === 'csv' ? `${CSV_HEAD}\n` : ''
  const flush = async (): Promise<void> => {
    if (target) target.write(piece)
    else await context.stdout.write(piece)
    piece = ''
    // One more turn of the event loop, for signals.
    await new Promise(setImmediate)
    signal.throwIfAborted()
  }
  try {
    for (const document of storedDocuments(db, table, dataset, filter)) {
      piece += `${write(document, vectors)}\n`
      documents++
      if (piece.length < PIECE) continue
      progress.update(documents, counted(documents, 'document'))
      await flush()
    }
    await flush()
    target?.finish()
  } finally {
    progress.end()
    target?.discard()
  }
  if (path === undefined) return
  const line = `exported ${counted(documents, 'document')} to ${path}`
  await context.print({ exported: documents, output: path }, [line])
}

function* storedDocuments(
  db: Connection,
  table: VecTable,
  dataset: readonly BindValue[],
  filter: string | undefined,
): Generator<StoredDocument> {
  const info = db.prepare('SELECT name FROM pragma_table_info(?)').pluck()
  const present = new Set((info.all(table.shadow) as string[]).map(name => name.toLowerCase()))
  info.finalize()
  const column = (name: string): string => (present.has(name) ? name : 'NULL')
  const where = [
    ...(dataset.length === 0 ? [] : ['dataset_id = ?']),
    ...(filter === undefined ? [] : [filter]),
  ]
  const rows = db
    .prepare(
      `SELECT dataset_id, id, ${column('content')}, ${column('meta')}, embedding, ${column('embedding_model')},
         ${column('archived')}
       FROM main.${quoteName(table.shadow)} ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`}`,
    )
    .raw()
  for (const row of rows.iterate(dataset)) {
    const [dataset_, id, content, meta, embedding, model, archived] = row as SqlValue[]
    yield {
      dataset: dataset_,
      id,
      content,
      meta,
      embedding,
      model,
      archived: Number(archived ?? 0) !== 0,
    }
  }
}
