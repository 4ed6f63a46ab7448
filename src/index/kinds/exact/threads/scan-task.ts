import type { CodeBounds, Scan, SplitLayout } from '../../../../accelerators/kernels.ts'
import type { HeadForm, ScanForm } from '../../../../core/metrics/definition.ts'
import type { Comparison } from '../clusters/comparison.ts'
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
  /** The number of rows at the start of a block of the sample, which the caller has scanned. */
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

/** Searches of one index that differ in their queries alone. The turns of the task are groups of them. */
export interface BatchTask extends Pick<
  ScanTask,
  'memory' | 'threads' | 'positions' | 'k' | 'min' | 'max' | 'isFiltered'
> {
  readonly scans: readonly RowScan[]
  /** The number of the first query of each group. */
  readonly firsts: readonly number[]
}

/** Comparisons of vectors with centroids, which are its turns. */
export interface CompareTask extends Pick<ScanTask, 'memory' | 'threads'> {
  readonly dim: number
  /** The address of the space for products, of so many bytes for each thread. */
  readonly products: number
  readonly productBytes: number
  readonly turns: readonly Comparison[]
}

/** More of them are too many numbers. */
export const MOST_COMPARISONS = 800

/** The kind of a task: its first number. */
const SCAN = 0
const BATCH = 1
const COMPARE = 2

export type Task = ScanTask | BatchTask | CompareTask

type Put = (value: number) => void
type Take = () => number

/** Writes a task as numbers. */
export function writeTask(task: ScanTask, to: Float64Array): void {
  const put = putInto(to)
  put(SCAN)
  for (const name of NAMES) put(Number(task[name]))
  writeScan(task.rowScan, put)
  put(task.best.length)
  for (const lower of task.best) put(lower)
}

/** Writes a batch as numbers. */
export function writeBatch(task: BatchTask, to: Float64Array): void {
  const put = putInto(to)
  put(BATCH)
  for (const name of BATCH_NAMES) put(Number(task[name]))
  put(task.scans.length)
  for (const scan of task.scans) writeScan(scan, put)
  put(task.firsts.length)
  for (const first of task.firsts) put(first)
}

/** Writes comparisons as numbers. */
export function writeComparisons(task: CompareTask, to: Float64Array): void {
  const put = putInto(to)
  put(COMPARE)
  for (const name of COMPARE_NAMES) put(task[name])
  put(task.turns.length)
  for (const turn of task.turns) for (const name of COMPARISON) put(turn[name])
}

function putInto(to: Float64Array): Put {
  let at = 0
  return value => {
    to[at++] = value
  }
}

function writeScan(rowScan: RowScan, put: Put): void {
  const { request } = rowScan
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
}

/** Reads the task that was written. Its scans use the given scratch space. */
export function readTask(from: Float64Array, scratch: ScanScratch): Task {
  let at = 0
  const take: Take = () => from[at++]
  const kind = take()
  if (kind === COMPARE) {
    const numbers = takeAll(COMPARE_NAMES, take)
    return { ...numbers, turns: takeMany(take, () => takeAll(COMPARISON, take)) }
  }
  const { isFiltered, ...numbers } = takeAll(kind === BATCH ? BATCH_NAMES : NAMES, take)
  const filtered = isFiltered === 1
  if (kind === BATCH) {
    const scans = takeMany(take, () => readScan(take, scratch))
    return { ...numbers, isFiltered: filtered, scans, firsts: takeMany(take, take) }
  }
  const rowScan = readScan(take, scratch)
  const best = Float64Array.from(takeMany(take, take))
  return {
    ...(numbers as Record<(typeof NAMES)[number], number>),
    isFiltered: filtered,
    rowScan,
    best,
  }
}

export function isBatch(task: Task): task is BatchTask {
  return 'scans' in task
}

export function isCompare(task: Task): task is CompareTask {
  return 'turns' in task
}

function takeAll<N extends string>(names: readonly N[], take: Take): Record<N, number> {
  // Object.fromEntries takes several times as long.
  const found = {} as Record<N, number>
  for (const name of names) found[name] = take()
  return found
}

/** A task that is written meanwhile may have any number here. */
function takeMany<T>(take: Take, each: () => T): T[] {
  return Array.from({ length: Math.min(take(), MOST_ROWS_ASKED) }, each)
}

function readScan(take: Take, scratch: ScanScratch): RowScan {
  const form = FORMS[take()]
  const scan = { ...NO_SCAN, rows: take(), query: take(), results: scratch.results }
  const bounds = takeAll(BOUNDS, take)
  if (take() === 1) return new CodeRowScan(form, { ...scan, bounds, stride: take() })
  const tailLength = take()
  const layout = takeAll(LAYOUT, take)
  const judged = { whole: false, tailLength: 0, list: scratch.listed }
  const rowScan = new SplitRowScan(form as HeadForm, { ...scan, bounds, layout, ...judged })
  rowScan.begin(tailLength)
  return rowScan
}

const BATCH_NAMES = [
  'memory',
  'threads',
  'positions',
  'k',
  'min',
  'max',
  'isFiltered',
] as const satisfies readonly (keyof BatchTask)[]
const COMPARE_NAMES = [
  'memory',
  'threads',
  'dim',
  'products',
  'productBytes',
] as const satisfies readonly (keyof CompareTask)[]
const COMPARISON = [
  'vectors',
  'centroids',
  'offsets',
  'rows',
  'count',
] as const satisfies readonly (keyof Comparison)[]
const NAMES = [...BATCH_NAMES, 'sample', 'least'] as const satisfies readonly (keyof ScanTask)[]

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
