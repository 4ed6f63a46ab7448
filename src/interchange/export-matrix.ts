import { F32 } from '../core/embedding-type.ts'
import type { SqlValue } from '../database/values.ts'
import { COLUMN } from '../search/schema/columns.ts'
import { storedType } from '../search/schema/stored-type.ts'
import { float32Bytes } from '../search/schema/stored-vector.ts'
import type { ExportRun, Sink } from './export-run.ts'
import { optionText, sourceError } from './interchange-error.ts'

/** Rows between two checks of the signals. */
const TURN = 5000

/** The vectors of one dataset, row by row, and their ids, one per line. */
export async function exportMatrix(
  run: ExportRun & { readonly dataset: string; readonly format: string; readonly ids: Sink },
): Promise<{ written: number; dim: number }> {
  const { db, dataset, format, ids, parameters, target, turn } = run
  const from = `FROM ${run.from} AND typeof(${COLUMN.embedding}) = 'blob' AND length(${COLUMN.embedding}) > 0`
  // The header must count the rows that follow. A transaction, or a savepoint in one, sees one state.
  db.exec('SAVEPOINT "export"')
  try {
    using first = db.prepare(`SELECT length(${COLUMN.embedding}) ${from} LIMIT 1`)
    const bytes = first.pluck().get(...parameters)
    if (typeof bytes !== 'number') {
      throw sourceError(`dataset '${dataset}' does not contain vectors`)
    }
    const type = storedType(db, run.table.shadow)
    if (bytes % type.bytes !== 0) {
      throw sourceError(
        `'${dataset}' has an embedding of ${bytes} bytes: expected a multiple of ${type.bytes}, as ${type.name}`,
        `exclude such rows: ${optionText('filter', `length(embedding) % ${type.bytes} = 0`)}`,
      )
    }
    const dim = bytes / type.bytes
    using count = db.prepare(`SELECT count(*) ${from}`)
    const total = count.pluck().get(...parameters) as number
    if (format === 'npy') await target.write(npyHead(total, dim))
    using statement = db.prepare(`SELECT ${COLUMN.id}, ${COLUMN.embedding} ${from}`)
    let written = 0
    for (const row of statement.raw().iterate([...parameters])) {
      const [id, embedding] = row as [SqlValue, Uint8Array]
      const text = id instanceof Uint8Array ? Buffer.from(id).toString() : String(id)
      requireLine(text)
      if (embedding.length !== bytes) {
        throw sourceError(
          `'${text}' has a vector of ${embedding.length} bytes, others of '${dataset}' have ${bytes}: a matrix cannot contain both`,
          `exclude it: ${optionText('filter', `length(embedding) = ${bytes}`)}`,
        )
      }
      await target.write(type === F32 ? embedding : float32Bytes(type, embedding).slice())
      await ids.write(`${text}\n`)
      written++
      if (written % TURN === 0) await turn(written, total)
    }
    return { written, dim }
  } finally {
    db.exec('RELEASE "export"')
  }
}

function requireLine(id: string): void {
  if (!/[\r\n]/.test(id)) return
  throw sourceError(
    `the id ${JSON.stringify(id)} contains a line break, but ids are written one per line`,
    `${optionText('format', 'jsonl')} can store any id`,
  )
}

/** Version 1.0 of .npy: the header is padded so that the numbers begin at a multiple of 64. */
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
