import { VecError } from '../../errors.ts'
import type { KernelKind } from '../../kernels/kernels.ts'
import type { IndexImage, VectorIndex } from '../vector-index.ts'
import { CodeRows, codeStride } from './code-rows.ts'
import { ExactIndex, MAX_DIM, RESIDENT_LIMIT } from './exact-index.ts'
import { FloatRows, floatStride } from './float-rows.ts'

/** What `save` of an exact index gave. Throws VEC_STORAGE for anything else, before it takes memory. */
export function restoreExactIndex(
  image: IndexImage,
  options: { readonly kernels?: KernelKind } = {},
): VectorIndex {
  const { count, dim, kind, metric, positions, sections } = image
  const { kernels } = options
  if (kind !== 'exact') throw damaged(`kind ${kind}`)
  if (metric !== 'cosine' && metric !== 'euclidean' && metric !== 'dot') {
    throw damaged(`metric ${String(metric)}`)
  }
  if (!Number.isInteger(dim) || dim < 1 || dim > MAX_DIM) throw damaged(`dimension ${dim}`)
  if (!Number.isInteger(positions) || positions < 0) throw damaged(`${positions} positions`)
  if (!Number.isInteger(count) || count < 0 || count > positions) {
    throw damaged(`${count} live rows of ${positions}`)
  }
  if (sections.length !== 1) throw damaged(`${sections.length} sections`)
  const [{ bytes, name }] = sections
  if (name !== 'codes' && name !== 'floats') throw damaged(`a section ${name}`)
  const stride = name === 'codes' ? codeStride(dim) : floatStride(dim)
  if (bytes.length !== positions * stride) {
    throw damaged(`${bytes.length} bytes of ${name} for ${positions} rows of ${stride}`)
  }
  const Form = name === 'codes' ? CodeRows : FloatRows
  const rows = new Form(metric, dim, positions, kernels)
  rows.load(bytes)
  let live = 0
  for (let position = 0; position < positions; position++) if (rows.isLive(position)) live++
  if (live !== count) {
    rows.dispose()
    throw damaged(`${live} live rows and not ${count}`)
  }
  const mayConvert = name === 'floats' && positions * dim * 4 <= RESIDENT_LIMIT
  return new ExactIndex(metric, dim, rows, count, mayConvert, kernels)
}

function damaged(what: string): VecError {
  return new VecError('VEC_STORAGE', `not a saved exact index: it has ${what}`)
}
