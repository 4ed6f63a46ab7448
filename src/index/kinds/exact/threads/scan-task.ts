import type { CodeBounds, Scan, SplitLayout } from '../../../../accelerators/kernels.ts'
import type { HeadForm, ScanForm } from '../../../../core/metrics/definition.ts'
import { CODE_BYTES } from '../query-code.ts'
import { CodeRowScan, SplitRowScan, type RowScan } from '../row-scan.ts'
import type { ScanScratch } from '../scan-scratch.ts'

const FORMS = Object.keys(CODE_BYTES) as ScanForm[]
const BOUNDS = [
  'scale',
  'perError',
  'perLength',
  'square',
  'distanceError',
  'distanceRounding',
  'rounding',
] as const satisfies readonly (keyof CodeBounds)[]
const LAYOUT = [
  'dim',
  'rows',
  'headCodes',
  'headStride',
  'tailStride',
  'groupBits',
  'groupBytes',
] as const satisfies readonly (keyof SplitLayout)[]

/** Searches for more rows get no help, because each thread begins with a copy of the best so far. */
export const MOST_ROWS_ASKED = 1024

/** What threads need to know about a search of one index. */
export interface ScanTask {
  /** The number of the memory that contains the rows. */
  readonly memory: number
  /** The number of threads with scratch space in that memory. */
  readonly threads: number
  readonly positions: number
  /** The number of rows at the start of each block that the caller has scanned. */
  readonly sample: number
  readonly k: number
  readonly least: number
  /** The range of similarities that the search allows. */
  readonly min: number
  readonly max: number
  readonly isFiltered: boolean
  readonly rowScan: RowScan
  /** The best lower bounds so far, at most k. */
  readonly best: Float64Array
}

/** Writes a task as numbers. */
export function writeTask(task: ScanTask, to: Float64Array): void {
  const { best, rowScan } = task
  const { request } = rowScan
  let at = 0
  const put = (value: number): void => {
    to[at++] = value
  }
  for (const name of NAMES) put(Number(task[name]))
  put(FORMS.indexOf(rowScan.form))
  put(request.rows)
  put(request.query)
  for (const name of BOUNDS) put(request.bounds[name])
  put(rowScan.parts)
  if (rowScan.parts === 1) put(rowScan.request.stride)
  else {
    put(rowScan.tailLength)
    for (const name of LAYOUT) put(rowScan.request.layout[name])
  }
  put(best.length)
  to.set(best, at)
}

/** Reads the task that was written. Its scans use the given scratch space. */
export function readTask(from: Float64Array, scratch: ScanScratch): ScanTask {
  let at = 0
  const take = (): number => from[at++]
  const takeAll = <N extends string>(names: readonly N[]): Record<N, number> =>
    Object.fromEntries(names.map(name => [name, take()])) as Record<N, number>
  const { isFiltered, ...numbers } = takeAll(NAMES)
  const form = FORMS[take()]
  const scan = { ...NO_SCAN, rows: take(), query: take(), results: scratch.results }
  const bounds = takeAll(BOUNDS)
  const isWhole = take() === 1
  let rowScan: RowScan
  if (isWhole) rowScan = new CodeRowScan(form, { ...scan, bounds, stride: take() })
  else {
    const tailLength = take()
    const layout = takeAll(LAYOUT)
    const judged = { whole: false, tailLength: 0, list: scratch.listed }
    rowScan = new SplitRowScan(form as HeadForm, { ...scan, bounds, layout, ...judged })
    rowScan.begin(tailLength)
  }
  const count = take()
  return { ...numbers, isFiltered: isFiltered === 1, rowScan, best: from.slice(at, at + count) }
}

const NAMES = [
  'memory',
  'threads',
  'positions',
  'sample',
  'k',
  'least',
  'min',
  'max',
  'isFiltered',
] as const satisfies readonly (keyof ScanTask)[]

const NO_SCAN: Scan = {
  rows: 0,
  from: 0,
  to: 0,
  query: 0,
  results: 0,
  least: 0,
  most: 0,
  allowed: 0,
}
