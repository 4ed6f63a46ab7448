import type { Connection, SqlValue } from '../entries/main.ts'
import { CliError, inputError, usageError } from './cli-error.ts'
import type { Context } from './context.ts'
import { counted } from './counted.ts'
import { Filter } from './filter.ts'
import { quoteName } from './sql-names.ts'
import { TargetFile } from './target-file.ts'
import { chosenDataset, type VecTable } from './vec-tables.ts'

/** Rows between two looks at the signals. */
const TURN = 5000

/** The vectors of one dataset, row by row, and the ids that belong to them, one a line. */
export async function exportMatrix(
  context: Context,
  db: Connection,
  table: VecTable,
  format: 'npy' | 'f32',
): Promise<void> {
  const path = context.args.get('output')
  const idsPath = context.flags.text('ids')
  if (path === undefined) {
    throw usageError(`${format} needs a file to write`, 'name it behind the SQLite file')
  }
  if (idsPath === undefined) {
    throw usageError(
      `${format} holds vectors alone: without their ids nobody can tell whose they are`,
      'name a file for the ids: --ids ids.txt',
    )
  }
  const { signal } = context
  const dataset = chosenDataset(context, db, table)
  const condition = context.flags.text('filter')
  const notes: string[] = []
  const filter =
    condition === undefined
      ? ''
      : `AND ${new Filter(db, table, condition).safe([dataset], note => notes.push(note))}`
  for (const note of notes) await context.note(note)
  const from = `FROM main.${quoteName(table.shadow)}
    WHERE dataset_id = ? AND typeof(embedding) = 'blob' AND length(embedding) > 0 ${filter}`
  const first = db.prepare(`SELECT length(embedding) ${from} LIMIT 1`).pluck().get(dataset)
  if (typeof first !== 'number') throw inputError(`dataset '${dataset}' has no vectors to write`)
  const vectors = new TargetFile(path, context.flags.on('force'), [context.arg('file')])
  let ids: TargetFile | undefined
  let rows = 0
  try {
    ids = new TargetFile(idsPath, context.flags.on('force'), [context.arg('file'), path])
    // What the head says must be what follows: one transaction sees one state.
    db.exec('BEGIN')
    const total = db.prepare(`SELECT count(*) ${from}`).pluck().get(dataset) as number
    const progress = context.progress('exporting', total)
    if (format === 'npy') vectors.write(npyHead(total, first / 4))
    for (const row of db.prepare(`SELECT id, embedding ${from}`).raw().iterate(dataset)) {
      const [id, embedding] = row as [SqlValue, Uint8Array]
      const text = id instanceof Uint8Array ? Buffer.from(id).toString() : String(id)
      requireLine(text)
      if (embedding.length !== first) {
        throw inputError(
          `'${text}' has ${embedding.length} bytes of vector, others of '${dataset}' have ${first}: no matrix can hold both`,
          `leave it out: --filter 'length(embedding) = ${first}'`,
        )
      }
      vectors.write(embedding)
      ids.write(`${text}\n`)
      rows++
      if (rows % TURN !== 0) continue
      progress.update(rows, counted(rows, 'vector'))
      await new Promise(setImmediate)
      signal.throwIfAborted()
    }
    progress.end()
    db.exec('COMMIT')
    vectors.finish()
    ids.finish()
  } finally {
    vectors.discard()
    ids?.discard()
  }
  const dim = first / 4
  await context.print({ exported: rows, dim, output: path, ids: idsPath }, [
    `exported ${counted(rows, 'vector')} of ${dim} dimensions to ${path}, their ids to ${idsPath}`,
  ])
}

function requireLine(id: string): void {
  if (!/[\r\n]/.test(id)) return
  throw new CliError(
    'CLI_INPUT',
    `the id ${JSON.stringify(id)} holds a line end, ids stand one a line`,
    {
      hint: 'export to jsonl, which holds any id',
    },
  )
}

/** Version 1.0 of .npy: the head is padded so that the numbers begin at a multiple of 64. */
function npyHead(rows: number, dim: number): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${dim}), }`
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10
  const head = Buffer.alloc(10 + length, ' ')
  head.write('\x93NUMPY\x01\x00', 0, 'latin1')
  head.writeUInt16LE(length, 8)
  head.write(text, 10, 'latin1')
  head[head.length - 1] = 10
  return head
}
