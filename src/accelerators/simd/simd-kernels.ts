import type { ScanForm } from '../../core/metrics/definition.ts'
import type { WasmMemory, WasmModule } from '../../core/wasm-memory.ts'
import type { Kernels } from '../kernels.ts'

/** Functions of assembly/ whose parameters are all numbers, in the order written there. */
type NumericExport =
  | `scan${'Codes' | 'Heads' | 'Tails' | 'Floats'}${'Dot' | 'Euclidean'}`
  | `scan${'Codes' | 'Floats'}Manhattan`
  | `exact${'Cosine' | 'Dot' | 'Euclidean' | 'Manhattan'}`
  | 'multiply'
  | 'quantize'
  | 'splitRows'

type Exports = Readonly<Record<NumericExport, (...numbers: number[]) => number>> &
  Pick<
    Kernels,
    'areFinite' | 'hashFinish' | 'hashStart' | 'hashStripes' | 'magnitudes' | 'selectBytes'
  >

/** The kernels of assembly/. Their arguments are written out: spreading them costs 4 % of a search. */
export function simdKernels(module: WasmModule, memory: WasmMemory): Kernels {
  const instance = new WebAssembly.Instance(module, {
    env: { memory: memory as WebAssembly.Memory },
  })
  const wasm = instance.exports as unknown as Exports
  const { areFinite, hashFinish, hashStart, hashStripes, magnitudes, selectBytes } = wasm
  return {
    scanCodes: {
      dot: ({ rows, stride, from, to, query, results, bounds, least, most, allowed }) =>
        wasm.scanCodesDot(
          rows,
          stride,
          from,
          to,
          query,
          results,
          bounds.scale,
          bounds.perError,
          bounds.perLength,
          least,
          most,
          allowed,
        ),
      euclidean: ({ rows, stride, from, to, query, results, bounds, least, most, allowed }) =>
        wasm.scanCodesEuclidean(
          rows,
          stride,
          from,
          to,
          query,
          results,
          2 * bounds.scale,
          bounds.distanceError,
          bounds.square,
          bounds.distanceRounding,
          least,
          most,
          allowed,
        ),
      manhattan: ({ rows, stride, from, to, query, results, bounds, least, most, allowed }) =>
        wasm.scanCodesManhattan(
          rows,
          stride,
          from,
          to,
          query,
          results,
          1 - 2 * bounds.rounding,
          1 + 2 * bounds.rounding,
          least,
          most,
          allowed,
        ),
    },
    scanHeads: {
      dot: ({ layout, from, to, query, list, whole, tailLength, bounds, least, allowed }) =>
        wasm.scanHeadsDot(
          layout.rows,
          layout.groupBits,
          layout.headCodes,
          layout.tailStride,
          from,
          to,
          query,
          list,
          whole ? 1 : 0,
          tailLength,
          bounds.scale,
          bounds.perError,
          bounds.perLength,
          least,
          allowed,
        ),
      euclidean: ({ layout, from, to, query, list, whole, tailLength, bounds, least, allowed }) =>
        wasm.scanHeadsEuclidean(
          layout.rows,
          layout.groupBits,
          layout.headCodes,
          layout.tailStride,
          from,
          to,
          query,
          list,
          whole ? 1 : 0,
          tailLength,
          2 * bounds.scale,
          bounds.distanceError,
          bounds.square,
          bounds.distanceRounding,
          least,
          allowed,
        ),
    },
    scanTails: {
      dot: ({ layout, list, query, results, bounds, least, most }, count) =>
        wasm.scanTailsDot(
          layout.rows,
          layout.groupBits,
          layout.headCodes,
          layout.tailStride,
          list,
          count,
          query,
          results,
          bounds.scale,
          bounds.perError,
          bounds.perLength,
          least,
          most,
        ),
      euclidean: ({ layout, list, query, results, bounds, least, most }, count) =>
        wasm.scanTailsEuclidean(
          layout.rows,
          layout.groupBits,
          layout.headCodes,
          layout.tailStride,
          list,
          count,
          query,
          results,
          2 * bounds.scale,
          bounds.distanceError,
          bounds.square,
          bounds.distanceRounding,
          least,
          most,
        ),
    },
    scanFloats: {
      dot: scan =>
        wasm.scanFloatsDot(
          scan.rows,
          scan.stride,
          scan.from,
          scan.to,
          scan.query,
          scan.results,
          scan.scale,
          scan.perWeight,
          scan.underflow * scan.scale,
          scan.least,
          scan.most,
          scan.allowed,
        ),
      euclidean: scan =>
        wasm.scanFloatsEuclidean(
          scan.rows,
          scan.stride,
          scan.from,
          scan.to,
          scan.query,
          scan.results,
          1 - 2 * scan.rounding,
          1 + 2 * scan.rounding,
          scan.underflow,
          scan.least,
          scan.most,
          scan.allowed,
        ),
      manhattan: scan =>
        wasm.scanFloatsManhattan(
          scan.rows,
          scan.stride,
          scan.from,
          scan.to,
          scan.query,
          scan.results,
          1 - 2 * scan.rounding,
          1 + 2 * scan.rounding,
          scan.least,
          scan.most,
          scan.allowed,
        ),
    },
    score: {
      cosine: ({ rows, stride, count, dim, query, queryLength, out }) => {
        wasm.exactCosine(rows, stride, count, dim, query, queryLength, out)
      },
      dot: ({ rows, stride, count, dim, query, out }) => {
        wasm.exactDot(rows, stride, count, dim, query, out)
      },
      euclidean: ({ rows, stride, count, dim, query, out }) => {
        wasm.exactEuclidean(rows, stride, count, dim, query, out)
      },
      manhattan: ({ rows, stride, count, dim, query, out }) => {
        wasm.exactManhattan(rows, stride, count, dim, query, out)
      },
    },
    magnitudes,
    multiply: ({ a, aStride, rows, b, bStride, columns, dim, out, outStride }) => {
      wasm.multiply(a, aStride, rows, b, bStride, columns, dim, out, outStride)
    },
    quantize: ({ from, count, dim, lengths, form, to, stride }) => {
      wasm.quantize(from, dim * 4, count, dim, lengths, ROW_TERM[form], to, stride)
    },
    splitRows: (from, stride, count, to, position) => {
      const { dim, rows, groupBits, headCodes, tailStride } = to
      wasm.splitRows(from, stride, count, dim, rows, groupBits, headCodes, tailStride, position)
    },
    areFinite,
    selectBytes,
    hashStart,
    hashStripes,
    hashFinish,
  }
}

/**
 * What `quantize` of assembly/ stores after the codes of a row: its length, or the sum of its squared or absolute
 * codes.
 */
const ROW_TERM: Readonly<Record<ScanForm, number>> = { dot: 0, euclidean: 1, manhattan: 2 }
