import type { CodeScan, Kernels, Scan, SplitScan } from '../../../accelerators/kernels.ts'
import type { HeadForm, ScanForm } from '../../../core/metrics/definition.ts'

/** The number of blocks that are read whole after one whose heads ruled out less than half of it. */
const PAUSE = 3

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

  /** As `Rows.scan`. */
  scan(
    kernels: Kernels,
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
  /** The number of next blocks that are read whole. */
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

  /** As `Rows.scan`; `least` is a number. */
  scan(
    kernels: Kernels,
    from: number,
    to: number,
    least: number,
    most: number,
    allowed: number,
  ): number {
    const request = filled(this.request, from, to, least, most, allowed)
    const count = this.#heads(kernels, this.#pause > 0)
    // Heads that rule out less than half of a block cost more than they save.
    if (this.#pause > 0) this.#pause--
    else if (count * 2 > to - from) this.#pause = PAUSE
    return kernels.scanTails[this.form](request, count)
  }

  /** Results among `count` listed positions. */
  scanListed(kernels: Kernels, count: number, most: number): number {
    this.request.least = -Infinity
    this.request.most = most
    return kernels.scanTails[this.form](this.request, count)
  }

  /** How many of from..to-1 their heads alone cannot rule out. */
  reaching(kernels: Kernels, from: number, to: number, least: number): number {
    filled(this.request, from, to, least, Infinity, 0)
    return this.#heads(kernels, false)
  }

  #heads(kernels: Kernels, whole: boolean): number {
    this.request.whole = whole
    this.request.tailLength = whole ? 0 : this.#tailLength
    return kernels.scanHeads[this.form](this.request)
  }
}

function filled<S extends Scan>(
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
