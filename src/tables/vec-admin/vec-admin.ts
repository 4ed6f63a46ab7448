import type { Finding } from '../../search/diagnostics/finding.ts'
import type { Connection } from '../../sqlite/connection.ts'
import { OP, type IndexInfo } from '../../sqlite/vtab/index-info.ts'
import type {
  FilterArguments,
  ResultWriter,
  TableContext,
  VirtualCursor,
  VirtualTable,
  VirtualTableModule,
} from '../../sqlite/vtab/virtual-table.ts'
import { sqlText } from '../number-text.ts'
import { locate } from '../vec/vec-location.ts'
import { dbpathOf, unquote } from '../vec/vec-options.ts'
import { adminError, runOperation } from './admin-operation.ts'

/**
 * `SELECT op, severity, topic, dataset_id, remedy FROM vec_admin WHERE op MATCH '[word:]shadow:dataset'`. Without a word
 * the index of the dataset is built anew and saved. A row of the answer is one finding. `register` makes the vec module
 * known to the connection of a file that a `dbpath` names.
 */
export function vecAdminModule(register: (db: Connection) => void): VirtualTableModule {
  return {
    eponymous: true,
    connect: context => new VecAdmin(context, optionOf(context.args), register),
  }
}

/** The original's form names one column, whatever it is called. */
function optionOf([, ...options]: readonly string[]): string | undefined {
  let dbpath: string | undefined
  for (const option of options) {
    const value = /^\s*dbpath\s*=(.*)$/is.exec(option)
    if (!value) {
      throw adminError(
        `vec_admin: '${option.trim()}' is no option: expected is vec_admin(op) or vec_admin(op, dbpath='...')`,
      )
    }
    dbpath = dbpathOf(unquote(value[1].trim()))
  }
  return dbpath
}

class VecAdmin implements VirtualTable {
  /** It writes, rebuilds and repairs: only for a statement that asks for it. */
  readonly risk = 'direct-only'
  readonly declaration: string =
    'CREATE TABLE vec_admin(op TEXT, severity TEXT HIDDEN, topic TEXT HIDDEN, dataset_id TEXT HIDDEN, remedy TEXT HIDDEN)'
  readonly #context: TableContext
  readonly #dbpath: string | undefined
  readonly #register: (db: Connection) => void

  constructor(
    context: TableContext,
    dbpath: string | undefined,
    register: (db: Connection) => void,
  ) {
    this.#context = context
    this.#dbpath = dbpath
    this.#register = register
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
    return new AdminCursor(op => this.#run(op))
  }

  #run(op: string): Finding[] {
    const { db, schema, table } = this.#context
    const file = this.#dbpath === undefined ? undefined : locate(db, schema, this.#dbpath)
    if (file) this.#register(file.db)
    return runOperation({ db, file }, table, op)
  }
}

class AdminCursor implements VirtualCursor {
  readonly #run: (op: string) => readonly Finding[]
  #findings: readonly Finding[] = []
  #at = 0

  constructor(run: (op: string) => readonly Finding[]) {
    this.#run = run
  }

  filter(plan: number, _detail: string, args: FilterArguments): void {
    this.#at = 0
    this.#findings = []
    if (plan === 0) return
    const op = args.value(0)
    if (typeof op !== 'string') {
      throw adminError(`vec_admin: op must be text, not ${sqlText(op)}`)
    }
    this.#findings = this.#run(op)
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
