import { ACCELERATORS, type AcceleratorName } from '../../../accelerators/accelerator.ts'
import { VecError } from '../../../core/errors.ts'
import { METRICS } from '../../../core/metric.ts'
import type { LentRows } from '../../lent-rows.ts'
import { sectionLength, SMALL_INDEX } from '../../vector-index.ts'
import type { IndexImage, IndexSection, StoredSection, VectorIndex } from '../../vector-index.ts'
import { CodeRows, codeStride } from './code-rows.ts'
import { ExactIndex, MAX_DIM } from './exact-index.ts'
import { FloatRows, floatStride } from './float-rows.ts'
import { AXES, Rotation } from './rotation.ts'
import { canBeSplit, splitLayout, SplitRows } from './split-rows.ts'

/** The sections that may occur: the length of each, and the form of rows it holds. */
const forms = new Map([
  ['codes', { Rows: CodeRows, size: (dim: number, rows: number) => rows * codeStride(dim) }],
  ['floats', { Rows: FloatRows, size: (dim: number, rows: number) => rows * floatStride(dim) }],
  ['split', { Rows: SplitRows, size: splitBytes }],
])

function splitBytes(dim: number, rows: number): number {
  const { groupBits, groupBytes } = splitLayout(dim)
  return Math.ceil(rows / 2 ** groupBits) * groupBytes
}

/** Restores an exact index from its image. Throws VEC_STORAGE for any other image, before it allocates memory. */
export function restoreExactIndex(
  image: IndexImage,
  options: { readonly kernels?: AcceleratorName } = {},
): VectorIndex {
  const { count, dim, kind, metric, positions, sections } = image
  const { kernels } = options
  if (kind !== 'exact') throw damaged(`kind ${kind}`)
  if (!METRICS.includes(metric)) throw damaged(`metric ${metric}`)
  if (!Number.isInteger(dim) || dim < 1 || dim > MAX_DIM) throw damaged(`dimension ${dim}`)
  if (!Number.isInteger(positions) || positions < 0) throw damaged(`${positions} positions`)
  if (!Number.isInteger(count) || count < 0 || count > positions) {
    throw damaged(`${count} live rows of ${positions}`)
  }
  if (image.lent) return borrowed(image, image.lent)
  const [section, turned, ...others] = sections
  if (section === undefined || others.length > 0) throw damaged(`${sections.length} sections`)
  const { name } = section
  const form = forms.get(name)
  if (!form || (name === 'split' && !canBeSplit(metric, dim))) throw damaged(`a section ${name}`)
  const size = form.size(dim, positions)
  const length = sectionLength(section)
  if (length !== size) {
    throw damaged(`${length} bytes of ${name} for ${positions} rows in ${size}`)
  }
  const accelerator = kernels && ACCELERATORS[kernels]
  const rowOptions = { metric, dim, expectedRows: positions, accelerator }
  const rotation = turned && rotationOf(turned, name, dim)
  const rows = rotation ? new SplitRows(rowOptions, rotation) : new form.Rows(rowOptions)
  try {
    rows.load(section, positions)
  } catch (error) {
    rows.block.dispose()
    throw error
  }
  const live = rows.countLive()
  if (live !== count) {
    rows.block.dispose()
    throw damaged(`${live} live rows and not ${count}`)
  }
  const isSmall = name === 'floats' && positions * dim * 4 <= SMALL_INDEX
  return new ExactIndex(rowOptions, rows, count, isSmall ? 'small' : 'final')
}

/** An index over rows in the memory of another thread, which has checked them. */
function borrowed(
  { count, dim, metric, positions, sections }: IndexImage,
  lent: LentRows,
): VectorIndex {
  const options = { metric, dim, expectedRows: positions, accelerator: ACCELERATORS.simd, lent }
  const [turned] = sections
  const rotation = turned && rotationOf(turned, lent.form, dim)
  const rows = lent.form === 'split' ? new SplitRows(options, rotation) : new CodeRows(options)
  return new ExactIndex(options, rows, count)
}

/** The rotation of the rows. */
function rotationOf(section: IndexSection | StoredSection, rows: string, dim: number): Rotation {
  const { name } = section
  if (name !== AXES || rows !== 'split') throw damaged(`a section ${name} behind ${rows}`)
  const length = sectionLength(section)
  const rotation =
    length === Rotation.savedBytes(dim) ? Rotation.restore(section.bytes, dim) : undefined
  if (!rotation) throw damaged(`${length} bytes of axes, not a finite matrix of ${dim} numbers`)
  return rotation
}

function damaged(what: string): VecError {
  return new VecError('VEC_STORAGE', `not a saved exact index: it has ${what}`)
}
