import type { Arena } from '../../../accelerators/arena.ts'
import type { CodeScan, Kernels, Scan, SplitScan } from '../../../accelerators/kernels.ts'
import type { HeadForm, ScanForm } from '../../../core/metrics/definition.ts'

/** How many times as many rows are read whole after some whose heads ruled out less than half of them. */
const PAUSE = 3

/** The memory of rows, as a thread sees it. */
export type ScanMemory = Pick<Arena, 'f64' | 'kernels' | 'u32'>

/** Scans int8 rows for the query that its request describes: in the thread that has the index, and in those that help. */
export type RowScan = CodeRowScan | SplitRowScan

/** Rows in one part. */
export class CodeRowScan {
  readonly parts = 1
  readonly form: ScanForm
  readonly request: CodeScan

  constructor(form: ScanForm, request: CodeScan) {
    this.form = form
    this.request = request
  }

  /** The same scan for the query that is at an address. */
  forQuery(query: number): CodeRowScan {
    const { bounds } = this.request
    return new CodeRowScan(this.form, { ...this.request, query, bounds: { ...bounds } })
  }

  /** As `Rows.scan`. */
  scan(
    { kernels }: ScanMemory,
    from: number,
    to: number,
    least: number,
    most: number,
    allowed: number,
  ): number {
    return kernels.scanCodes[this.form](filled(this.request, from, to, least, most, allowed))
  }
}

/** Rows in two parts. */
export class SplitRowScan {
  readonly parts = 2
  readonly form: HeadForm
  readonly request: SplitScan
  /** What a unit of a tail's norm can add to a dot. */
  #tailLength = 0
  /** The number of next rows that are read whole. */
  #pause = 0

  constructor(form: HeadForm, request: SplitScan) {
    this.form = form
    this.request = request
  }

  get tailLength(): number {
    return this.#tailLength
  }

  /** A new query. */
  begin(tailLength: number): void {
    this.#tailLength = tailLength
    this.#pause = 0
  }

  /** The same scan for the query that is at an address. */
  forQuery(query: number): SplitRowScan {
    const { bounds, layout } = this.request
    const request = { ...this.request, query, bounds: { ...bounds }, layout: { ...layout } }
    const scan = new SplitRowScan(this.form, request)
    scan.begin(this.#tailLength)
    return scan
  }

  /** As `Rows.scan`. */
  scan(
    { kernels, u32 }: ScanMemory,
    from: number,
    to: number,
    least: number,
    most: number,
    allowed: number,
  ): number {
    const request = filled(this.request, from, to, least, most, allowed)
    // Without a threshold, every row is a result.
    if (least === -Infinity) return kernels.scanTails[this.form](request, this.#list(u32))
    const count = this.#heads(kernels, this.#pause > 0)
    // Heads that rule out less than half of a block cost more than they save.
    if (this.#pause > 0) this.#pause -= to - from
    else if (count * 2 > to - from) this.#pause = PAUSE * (to - from)
    return kernels.scanTails[this.form](request, count)
  }

  /** How many of from..to-1 their heads alone cannot rule out. */
  reaching(kernels: Kernels, from: number, to: number, least: number): number {
    filled(this.request, from, to, least, Infinity, 0)
    return this.#heads(kernels, false)
  }

  /** Lists the allowed rows for the tails. Returns how many. */
  #list(u32: Uint32Array): number {
    const { allowed, from, list, to } = this.request
    let at = list / 4
    for (let position = from; position < to; position++) {
      const offset = position - from
      if (allowed !== 0 && !(u32[allowed / 4 + (offset >>> 5)] & (1 << (offset & 31)))) continue
      u32[at++] = position
    }
    return at - list / 4
  }

  #heads(kernels: Kernels, whole: boolean): number {
    this.request.whole = whole
    this.request.tailLength = whole ? 0 : this.#tailLength
    return kernels.scanHeads[this.form](this.request)
  }
}

/** A request to scan these positions. */
export function filled<S extends Scan>(
  scan: S,
  from: number,
  to: number,
  least: number,
  most: number,
  allowed: number,
): S {
  scan.from = from
  scan.to = to
  scan.least = least
  scan.most = most
  scan.allowed = allowed
  return scan
}
