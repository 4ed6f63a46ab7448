import { F32 } from '../../core/embedding-type.ts'
import { VecError } from '../../core/errors.ts'
import { IdTable } from '../../core/id-table.ts'
import { RowSample, rows, rowsHave } from '../../core/row-sample.ts'
import { COLUMN } from '../../search/schema/columns.ts'
import { OF_DATASET } from '../../search/schema/names.ts'
import type { ShadowTable } from '../../search/schema/shadow-table.ts'
import { vectorLength } from '../../search/schema/stored-vector.ts'
import { IdList } from '../formats/id-list.ts'
import type { OriginalKind, OriginalRows } from '../formats/original-index.ts'

/** The names of the original's index kinds in findings. */
export const ORIGINAL_KINDS: Readonly<Record<OriginalKind, string>> = {
  brute: 'brute-force list',
  cover: 'cover tree',
}

/**
 * The rows of a dataset as the original reads them when it builds an index: in the order that SQLite returns, with
 * archived rows, without rows that lack an embedding. Throws VEC_STORAGE for rows with which the original could not
 * answer.
 */
export function originalRows(shadow: ShadowTable, dataset: string): OriginalRows {
  const { type } = shadow.refresh()
  if (type !== F32) throw unservable(`its embeddings are stored as ${type.name}, not as float32`)
  const ids: Uint8Array[] = []
  const vectors: Uint8Array[] = []
  const otherDimension = new RowSample()
  const malformed = new RowSample()
  const unnamed = new RowSample()
  const sql = `SELECT ${COLUMN.id}, ${COLUMN.embedding} FROM {table}
     WHERE ${OF_DATASET} AND ${COLUMN.embedding} IS NOT NULL`
  shadow.each(sql, [dataset], row => {
    const dim = vectorLength(type, row, 1)
    if (dim === 0) return
    const id = row.bytes(0).slice()
    if (!row.isText(0)) unnamed.add(id)
    else if (dim < 0) malformed.add(id)
    else if (vectors.length > 0 && dim * 4 !== vectors[0].length) otherDimension.add(id)
    else {
      ids.push(id)
      vectors.push(row.bytes(1).slice())
    }
  })
  const dim = vectors.length === 0 ? 0 : vectors[0].length / 4
  if (otherDimension.count > 0) {
    throw unservable(
      `${rowsHave(otherDimension.count)} a dimension other than ${dim} (${otherDimension.shown})`,
    )
  }
  if (malformed.count > 0) {
    throw unservable(
      `${rowsHave(malformed.count)} an embedding that is not a vector (${malformed.shown})`,
    )
  }
  if (unnamed.count > 0) throw unservable(`${rowsHave(unnamed.count)} an id that is not text`)
  const joined = new Float32Array(vectors.length * dim)
  const bytes = new Uint8Array(joined.buffer)
  for (let i = 0; i < vectors.length; i++) bytes.set(vectors[i], i * dim * 4)
  return { dim, ids: IdList.from(ids), vectors: joined }
}

function unservable(why: string): VecError {
  return new VecError('VEC_STORAGE', `vec: the original cannot search this dataset: ${why}`, {
    hint: "vec_admin's check: lists these rows; correct or delete them, then export again",
  })
}

/** Describes how a persisted index of the original differs from the rows; undefined when they agree. */
export function disagreement(stored: OriginalRows, present: OriginalRows): string | undefined {
  const { dim, ids, vectors } = stored
  if (ids.count > 0 && present.ids.count > 0 && dim !== present.dim) {
    return `its vectors have ${dim} dimensions, those of the table ${present.dim}`
  }
  const table = new IdTable(ids.count)
  for (let i = 0; i < ids.count; i++) table.append(ids.bytes(i))
  const seen = new Uint8Array(ids.count)
  const missing = new RowSample()
  const altered = new RowSample()
  const mine = new Uint32Array(vectors.buffer, vectors.byteOffset, vectors.length)
  const theirs = new Uint32Array(
    present.vectors.buffer,
    present.vectors.byteOffset,
    present.vectors.length,
  )
  for (let i = 0; i < present.ids.count; i++) {
    const id = present.ids.bytes(i)
    const at = table.find(id)
    if (at < 0) {
      missing.add(id)
      continue
    }
    seen[at] = 1
    for (let j = 0; j < dim; j++) {
      // Compared as bits, which also covers NaN.
      if (mine[at * dim + j] === theirs[i * dim + j]) continue
      altered.add(id)
      break
    }
  }
  const orphans = new RowSample()
  for (let at = 0; at < seen.length; at++) if (seen[at] === 0) orphans.add(ids.bytes(at))
  const parts: string[] = []
  if (missing.count > 0) parts.push(`lacks ${rows(missing.count)} of the table (${missing.shown})`)
  if (orphans.count > 0)
    parts.push(`has ${rows(orphans.count)} that the table lacks (${orphans.shown})`)
  if (altered.count > 0) {
    parts.push(`has different vectors than the table for ${rows(altered.count)} (${altered.shown})`)
  }
  return parts.length === 0 ? undefined : `it ${parts.join(', ')}`
}
