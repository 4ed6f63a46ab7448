import { inputError } from '../cli-error.ts'

export interface MatrixShape {
  readonly rows: number
  readonly dim: number
  /** Bytes of a number: 4 or 8. */
  readonly width: 4 | 8
  /** Bytes before the first number. */
  readonly offset: number
}

/** A header is a hundred bytes; structured types make longer ones, and are not read. */
export const MAX_NPY_HEADER: number = 2 ** 16

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/** Reads the head of a .npy file, versions 1 to 3; undefined when `bytes` do not reach so far. */
export function readNpyHeader(bytes: Uint8Array, name: string): MatrixShape | undefined {
  if (bytes.length < 12) return undefined
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw inputError(
      `${name} is no .npy file: it does not begin with \\x93NUMPY`,
      'numpy.save() writes one; raw float32 is --format f32 --dim <n>',
    )
  }
  const version = bytes[6]
  if (version < 1 || version > 3) {
    throw inputError(`${name}: version ${version} of .npy is not known: 1 to 3 are`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const start = version === 1 ? 10 : 12
  if (length > MAX_NPY_HEADER) {
    throw inputError(`${name}: a header of ${length} bytes, ${MAX_NPY_HEADER} are the most`)
  }
  if (bytes.length < start + length) return undefined
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(
    bytes.subarray(start, start + length),
  )
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1]
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1]
  const shape = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1]
  if (descr === undefined || fortran === undefined || shape === undefined) {
    throw inputError(`${name}: a header that is not understood: ${text.trim().slice(0, 200)}`)
  }
  const width = descr === '<f4' ? 4 : descr === '<f8' ? 8 : undefined
  if (width === undefined) {
    throw inputError(
      `${name}: numbers of type '${descr}': little-endian float32 ('<f4') and float64 ('<f8') are read`,
      "in Python: numpy.save(file, array.astype('<f4'))",
    )
  }
  if (fortran === 'True') {
    throw inputError(
      `${name}: the numbers stand column by column (fortran_order)`,
      'in Python: numpy.save(file, numpy.ascontiguousarray(array))',
    )
  }
  const sizes = shape
    .split(',')
    .map(part => part.trim().replace(/L$/, ''))
    .filter(part => part !== '')
    .map(Number)
  if (sizes.length !== 2 || !sizes.every(Number.isSafeInteger) || sizes[1] === 0) {
    throw inputError(
      `${name}: the shape is (${shape.trim()}): a matrix of rows and dimensions is expected`,
      'one row a document: array.reshape(rows, dimensions)',
    )
  }
  return { rows: sizes[0], dim: sizes[1], width, offset: start + length }
}
