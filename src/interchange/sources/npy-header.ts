import { optionText, sourceError } from '../interchange-error.ts'

export type Width = 2 | 4 | 8

const WIDTHS: Readonly<Record<string, Width>> = { '<f2': 2, '<f4': 4, '<f8': 8 }

export interface MatrixShape {
  readonly rows: number
  readonly dim: number
  /** Bytes per number: float16, float32 or float64. */
  readonly width: Width
  /** Bytes before the first number. */
  readonly offset: number
}

/** A header has about a hundred bytes. Structured types have longer headers, but are not supported. */
export const MAX_NPY_HEADER: number = 2 ** 16

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

/** Reads the header of a .npy file, versions 1 to 3; undefined when `bytes` does not contain all of it. */
export function readNpyHeader(bytes: Uint8Array, name: string): MatrixShape | undefined {
  if (bytes.length < 12) return undefined
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw sourceError(
      `${name} is not a .npy file: it does not begin with \\x93NUMPY`,
      `numpy.save() writes one; for raw float32, use ${optionText('format', 'f32')} ${optionText('dim')}`,
    )
  }
  const version = bytes[6]
  if (version < 1 || version > 3) {
    throw sourceError(`${name}: unknown .npy version ${version}: expected 1 to 3`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  const start = version === 1 ? 10 : 12
  if (length > MAX_NPY_HEADER) {
    throw sourceError(`${name}: the header has ${length} bytes: expected at most ${MAX_NPY_HEADER}`)
  }
  if (bytes.length < start + length) return undefined
  const text = new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(
    bytes.subarray(start, start + length),
  )
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1]
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1]
  const shape = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1]
  if (/'descr'\s*:\s*\[/.test(text)) {
    throw sourceError(
      `${name}: the rows have named fields: expected a matrix of numbers`,
      "in Python: numpy.save(file, array['<field>'].astype('<f4'))",
    )
  }
  if (descr === undefined || fortran === undefined || shape === undefined) {
    throw sourceError(`${name}: cannot parse the header: ${text.trim().slice(0, 200)}`)
  }
  const width = WIDTHS[descr]
  if (width === undefined) throw otherType(name, descr)
  if (fortran === 'True') {
    throw sourceError(
      `${name}: the numbers are stored column by column (fortran_order): expected row by row`,
      'in Python: numpy.save(file, numpy.ascontiguousarray(array))',
    )
  }
  const sizes = shape
    .split(',')
    .map(part => part.trim().replace(/L$/, ''))
    .filter(part => part !== '')
    .map(Number)
  if (sizes.length !== 2 || !sizes.every(Number.isSafeInteger) || sizes[1] === 0) {
    throw sourceError(
      `${name}: the shape is (${shape.trim()}): expected a matrix of rows and dimensions`,
      'use one row per document: array.reshape(rows, dimensions)',
    )
  }
  return { rows: sizes[0], dim: sizes[1], width, offset: start + length }
}

/** The error for an unsupported numpy type, with how to convert it to float32. */
function otherType(name: string, descr: string): Error {
  const [what, remedy] = describeType(descr)
  return sourceError(
    `${name}: ${what} ('${descr}'): expected little-endian float16, float32 or float64`,
    `in Python: numpy.save(file, ${remedy})`,
  )
}

function describeType(descr: string): readonly [string, string] {
  const convert = "array.astype('<f4')"
  if (/^>f[248]$/.test(descr)) return ['big-endian numbers', convert]
  if (/^[<>|=]?[iu]\d$/.test(descr)) return ['integers', convert]
  if (/^\|?b1$/.test(descr)) return ['booleans', convert]
  if (/^[<>]c/.test(descr)) return ['complex numbers', "array.real.astype('<f4')"]
  if (descr === '|O') return ['Python objects', "numpy.stack(list(array)).astype('<f4')"]
  if (descr.endsWith('V2')) {
    return ['two bytes each, maybe bfloat16', "array.view(ml_dtypes.bfloat16).astype('<f4')"]
  }
  return ['another type of numbers', convert]
}
