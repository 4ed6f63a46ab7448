import type { QuantizeRequest } from '../kernels.ts'
import type { Views } from './views.ts'

/** The reference of assembly/quantize.ts. */
export function quantize({ f32, f64, i8, i32 }: Views, request: QuantizeRequest): void {
  const { from, count, dim, lengths, form, to, stride } = request
  const slack = (dim + 32) * 2 ** -51
  const manhattan = form === 'manhattan'
  for (let row = 0; row < count; row++) {
    const x = (from >>> 2) + row * dim
    const codes = to + row * stride
    const tail = (codes + stride) >>> 2
    let largest = 0
    for (let i = 0; i < dim; i++) largest = Math.max(largest, Math.abs(f32[x + i]))
    const length = lengths === 0 ? 1 : f64[(lengths >>> 3) + row]
    const inverse = length > 0 ? 1 / length : 0
    const scale = Math.fround((largest * inverse) / 127)
    const k = scale > 0 ? Math.min(inverse / scale, 127.25 / largest) : 0
    // Four sums, kept as two vectors of two lanes.
    errors.fill(0)
    let codeSum = 0
    for (let i = 0; i < dim; i++) {
      const code = nearest(f32[x + i] * k)
      const difference = f32[x + i] * inverse - scale * code
      errors[i & 3] += manhattan ? Math.abs(difference) : difference * difference
      codeSum += manhattan ? Math.abs(code) : code * code
      i8[codes + i] = code
    }
    const missed = errors[0] + errors[2] + (errors[1] + errors[3])
    // 2^-24: the scan rounds scale * code to single precision.
    let error = (manhattan ? missed + scale * codeSum * 2 ** -24 : Math.sqrt(missed)) * (1 + slack)
    if (lengths !== 0) error += slack
    f32[tail - 3] = scale
    f32[tail - 2] = length > 0 ? roundUp(error) : -1
    if (form === 'dot') f32[tail - 1] = roundUp(scale * Math.sqrt(codeSum) * (1 + slack))
    else i32[tail - 1] = codeSum
  }
}

const errors = new Float64Array(4)
const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** The smallest float32 not below v, for v >= 0. */
function roundUp(v: number): number {
  float[0] = v
  if (float[0] < v) bits[0]++
  return float[0]
}

/** The nearest integer, ties to even, for |v| < 2^51. */
function nearest(v: number): number {
  const magic = 2 ** 52 * 1.5
  return v + magic - magic
}
