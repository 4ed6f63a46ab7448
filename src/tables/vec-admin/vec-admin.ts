import { Utf8 } from '../../core/utf8.ts'
import type { Diagnostic } from '../../search/diagnostics/diagnostic.ts'
import type { Connection } from '../../sqlite/connection.ts'
import { OP, type IndexInfo, type Plan } from '../../sqlite/vtab/index-info.ts'
import type {
  ResultWriter,
  TableContext,
  TermValue,
  VirtualCursor,
  VirtualTable,
  VirtualTableModule,
} from '../../sqlite/vtab/virtual-table.ts'
import { sqlText } from '../number-text.ts'
import { locate } from '../vec/vec-location.ts'
import { dbpathOf, unquote } from '../vec/vec-options.ts'
import { adminError, runOperation } from './admin-operation.ts'

/**
 * `SELECT op, severity, topic, dataset_id, remedy FROM vec_admin WHERE op MATCH '[word:]shadow:dataset'`. Without a
 * word, the index of the dataset is built again and saved. Each row of the result is one finding. `register`
 * registers the vec module on the connection of a file that a `dbpath` names.
 */
export function vecAdminModule(register: (db: Connection) => void): VirtualTableModule {
  return {
    eponymous: true,
    connect: context => new VecAdmin(context, optionOf(context.args), register),
  }
}

/** The original's form names one column, of any name. */
function optionOf([, ...options]: readonly string[]): string | undefined {
  let dbpath: string | undefined
  for (const option of options) {
    const value = /^\s*dbpath\s*=(.*)$/is.exec(option)
    if (!value) {
      throw adminError(
        `vec_admin: unknown option '${option.trim()}': expected vec_admin(op) or vec_admin(op, dbpath='...')`,
      )
    }
    dbpath = dbpathOf(unquote(value[1].trim()))
  }
  return dbpath
}

class VecAdmin implements VirtualTable {
  /** The table writes, rebuilds and repairs, so only a statement that names it may use it. */
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

  /** Only MATCH names an operation. Without it, the table is empty. */
  bestIndex(info: IndexInfo): Plan | undefined {
    const match = info.constraints.find(c => c.op === OP.MATCH && c.column === 0)
    if (match && !match.usable) return undefined
    const terms = match ? [{ constraint: match }] : []
    return { number: terms.length, terms, cost: 10, rows: 1 }
  }

  open(): VirtualCursor {
    return new AdminCursor(op => this.#run(op))
  }

  #run(op: string): Diagnostic[] {
    const { db, schema, table } = this.#context
    const file = this.#dbpath === undefined ? undefined : locate(db, schema, this.#dbpath)
    if (file) this.#register(file.db)
    return runOperation({ db, file }, table, op)
  }
}

class AdminCursor implements VirtualCursor {
  readonly #run: (op: string) => readonly Diagnostic[]
  #diagnostics: readonly Diagnostic[] = []
  #at = 0

  constructor(run: (op: string) => readonly Diagnostic[]) {
    this.#run = run
  }

  filter(_plan: Plan, values: readonly (readonly TermValue[])[]): void {
    this.#at = 0
    this.#diagnostics = []
    if (values.length === 0) return
    const [[op]] = values
    if (!(op instanceof Utf8)) throw adminError(`vec_admin: expected text, got ${sqlText(op)}`)
    this.#diagnostics = this.#run(String(op))
  }

  next(): void {
    this.#at++
  }

  get eof(): boolean {
    return this.#at >= this.#diagnostics.length
  }

  column(result: ResultWriter, column: number): void {
    const { op, severity, topic, dataset, fix } = this.#diagnostics[this.#at]
    result.value([op, severity, topic, dataset, fix][column] ?? null)
  }

  rowid(): bigint {
    return BigInt(this.#at + 1)
  }
}
