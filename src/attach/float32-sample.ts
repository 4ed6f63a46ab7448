import { VecError } from '../core/errors.ts'
import type { Database } from '../database/database.ts'
import { eachRow, firstRow } from '../database/query.ts'
import { quoteName } from '../search/schema/names.ts'

/** The number of rows that are checked. */
const ROWS = 1000
const BLOBS = 16

/** Throws for a column whose first vectors are not float32 in BLOBs: their bytes would be read as other vectors. */
export function requireFloat32(db: Database, table: string, column: string): void {
  const name = quoteName(column)
  const sample = `(SELECT ${name} AS v FROM main.${quoteName(table)} LIMIT ${ROWS})`
  const text = firstRow(db, `SELECT v FROM ${sample} WHERE typeof(v) = 'text' LIMIT 1`, [], row =>
    row.text(0),
  )
  if (text !== undefined && /^\s*\[[-+.,\deE\s]*\]\s*$/.test(text)) {
    throw new VecError(
      'VEC_SHADOW',
      `attach(): embeddings of ${table} are JSON text, not float32`,
      {
        hint: `store each as a BLOB: Buffer.from(new Float32Array(JSON.parse(text)).buffer)`,
      },
    )
  }
  const found = { halves: 0, wild: 0, tame: true }
  const sql = `SELECT v FROM ${sample} WHERE typeof(v) = 'blob' AND length(v) > 0 LIMIT ${BLOBS}`
  eachRow(db, sql, [], row => {
    judge(row.bytes(0), found)
  })
  if (found.tame && found.halves >= 8 && found.wild * 4 >= found.halves) {
    throw new VecError(
      'VEC_SHADOW',
      `attach(): embeddings of ${table} look like float64, and are read as float32`,
      {
        hint: `store each with 4 bytes per number: Buffer.from(new Float32Array(vector).buffer)`,
      },
    )
  }
}

/**
 * The lower half of a double has arbitrary bits, which as a float32 are often an absurd number. Read as doubles, the
 * same bytes give sensible numbers. For bytes of float32, neither is true.
 */
function judge(bytes: Uint8Array, found: { halves: number; wild: number; tame: boolean }): void {
  if (bytes.length % 8 !== 0) {
    found.tame = false
    return
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length; at += 8) {
    const half = Math.abs(view.getFloat32(at, true))
    const whole = Math.abs(view.getFloat64(at, true))
    found.halves++
    if (half !== 0 && !(half >= 1e-12 && half <= 1e6)) found.wild++
    if (whole !== 0 && !(whole >= 1e-9 && whole <= 1e9)) found.tame = false
  }
}
