import { OP, type IndexInfo } from '../engine/index-info.ts'
import type {
  FilterArguments,
  ResultWriter,
  TableContext,
  VirtualCursor,
  VirtualTable,
  VirtualTableModule,
} from '../engine/virtual-table.ts'
import type { Finding } from '../store/finding.ts'
import { adminError, runOperation } from './admin-operation.ts'

/**
 * `SELECT op, severity, topic, dataset_id, remedy FROM vec_admin WHERE op MATCH '[word:]shadow:dataset'`. Without a word
 * the index of the dataset is built anew and saved. A row of the answer is one finding.
 */
export const vecAdminModule: VirtualTableModule = {
  eponymous: true,
  connect: context => {
    // The original's form names one column, whatever it is called.
    const [, ...others] = context.args
    if (others.length > 0) {
      throw adminError(
        `vec_admin: '${others[0].trim()}' is no option: expected is vec_admin(op) alone`,
      )
    }
    return new VecAdmin(context)
  },
}

class VecAdmin implements VirtualTable {
  readonly declaration: string =
    'CREATE TABLE vec_admin(op TEXT, severity TEXT HIDDEN, topic TEXT HIDDEN, dataset_id TEXT HIDDEN, remedy TEXT HIDDEN)'
  readonly #context: TableContext

  constructor(context: TableContext) {
    this.#context = context
  }

  /** Only MATCH says what to do; without it there is nothing to tell. */
  bestIndex(info: IndexInfo): boolean {
    const match = info.constraints.find(c => c.op === OP.MATCH && c.column === 0)
    if (match && !match.usable) return false
    if (match) info.use(match, true)
    info.plan = match ? 1 : 0
    info.cost = 10
    info.rows = 1n
    return true
  }

  open(): VirtualCursor {
    return new AdminCursor(this.#context)
  }
}

class AdminCursor implements VirtualCursor {
  readonly #context: TableContext
  #findings: readonly Finding[] = []
  #at = 0

  constructor(context: TableContext) {
    this.#context = context
  }

  filter(plan: number, _detail: string, args: FilterArguments): void {
    this.#at = 0
    this.#findings = []
    if (plan === 0) return
    const op = args.value(0)
    if (typeof op !== 'string') {
      throw adminError(`vec_admin: op must be text, not ${op === null ? 'NULL' : typeof op}`)
    }
    const { db, table } = this.#context
    this.#findings = runOperation(db, table, op)
  }

  next(): void {
    this.#at++
  }

  get eof(): boolean {
    return this.#at >= this.#findings.length
  }

  column(result: ResultWriter, column: number): void {
    const { op, severity, topic, dataset, remedy } = this.#findings[this.#at]
    result.value([op, severity, topic, dataset, remedy][column] ?? null)
  }

  rowid(): bigint {
    return BigInt(this.#at + 1)
  }
}
