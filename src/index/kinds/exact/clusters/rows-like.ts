import type { VectorIndex } from '../../../vector-index.ts'
import { CodeRows } from '../code-rows.ts'
import { Rotation } from '../rotation.ts'
import type { Rows } from '../rows.ts'
import { SplitRows } from '../split-rows.ts'

/** Empty rows of codes in the form that suits the rows of an exact index: what its trial has chosen. */
export function rowsLike(index: VectorIndex, expectedRows: number): Rows {
  const { metric, dim, sections } = index.save()
  const [rows, axes] = sections
  const options = { metric, dim, expectedRows, accelerator: undefined }
  if (rows.name !== 'split') return new CodeRows(options)
  return new SplitRows(options, axes && Rotation.restore(axes.bytes, dim))
}
