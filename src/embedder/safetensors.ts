import { VecError } from '../core/errors.ts'

export interface Tensor {
  /** The type of the numbers: F32, F16, I8, ... */
  readonly type: string
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

const MOST_HEAD = 100_000_000

/** The tensors of a file in the safetensors format, which are views of `file`. Throws VEC_EMBEDDING for other bytes. */
export function readSafetensors(file: Uint8Array): ReadonlyMap<string, Tensor> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const length = file.length < 8 ? Infinity : Number(view.getBigUint64(0, true))
  if (length > Math.min(MOST_HEAD, file.length - 8)) throw broken('its head is cut off')
  const data = file.subarray(8 + length)
  return new Map(
    Object.entries(headOf(file.subarray(8, 8 + length)))
      .filter(([name]) => name !== '__metadata__')
      .map(([name, entry]) => [name, tensorOf(name, entry, data)]),
  )
}

function headOf(bytes: Uint8Array): object {
  try {
    const head = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
    if (typeof head === 'object' && head !== null) return head
  } catch {
    // Said below.
  }
  throw broken('its head is not JSON')
}

const SIZES: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2, I8: 1 }

function tensorOf(name: string, entry: unknown, data: Uint8Array): Tensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>
  if (typeof dtype !== 'string' || !isNaturals(shape) || !isNaturals(offsets))
    throw broken(`tensor ${name} is not described`)
  const [begin = 0, end = 0] = offsets
  const count = shape.reduce((product, size) => product * size, 1)
  const size = SIZES[dtype]
  const fits = end <= data.length && (size === undefined || end - begin === count * size)
  if (!fits || end < begin) throw broken(`tensor ${name} is cut off`)
  return { type: dtype, shape, bytes: data.subarray(begin, end) }
}

function isNaturals(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(each => Number.isSafeInteger(each) && each >= 0)
}

function broken(problem: string): VecError {
  return new VecError('VEC_EMBEDDING', `this is not a safetensors file: ${problem}`, {
    hint: 'give model.safetensors of a static model',
  })
}
