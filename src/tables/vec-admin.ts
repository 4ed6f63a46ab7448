import type { Connection } from '../engine/connection.ts'
import { OP, type IndexInfo } from '../engine/index-info.ts'
import type {
  FilterArguments,
  ResultWriter,
  VirtualCursor,
  VirtualTable,
  VirtualTableModule,
} from '../engine/virtual-table.ts'
import { VecError } from '../errors.ts'
import { quoteName, shadowTableName } from '../store/names.ts'
import type { Searcher } from '../store/search.ts'
import { connectedTable, type VecTable } from './vec-table.ts'

/**
 * `SELECT op FROM vec_admin WHERE op MATCH '[word:]shadow:dataset'`. Without a word the index of the dataset is built
 * anew and saved. A row of the answer is one finding.
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
    return new VecAdmin(context.db)
  },
}

class VecAdmin implements VirtualTable {
  readonly declaration: string = 'CREATE TABLE vec_admin(op TEXT)'
  readonly #db: Connection

  constructor(db: Connection) {
    this.#db = db
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
    return new AdminCursor(this.#db)
  }
}

class AdminCursor implements VirtualCursor {
  readonly #db: Connection
  #rows: string[] = []
  #at = 0

  constructor(db: Connection) {
    this.#db = db
  }

  filter(plan: number, _detail: string, args: FilterArguments): void {
    this.#at = 0
    this.#rows = []
    if (plan === 0) return
    const op = args.value(0)
    if (typeof op !== 'string') {
      throw adminError(`vec_admin: op must be text, not ${op === null ? 'NULL' : typeof op}`)
    }
    this.#rows = runOperation(this.#db, op)
  }

  next(): void {
    this.#at++
  }

  get eof(): boolean {
    return this.#at >= this.#rows.length
  }

  column(result: ResultWriter): void {
    result.value(this.#rows[this.#at])
  }

  rowid(): bigint {
    return BigInt(this.#at + 1)
  }
}

type Operation = (searcher: Searcher, dataset: string) => string[]

const OPERATIONS: Readonly<Record<string, Operation>> = {
  reindex: (searcher, dataset) => [`reindexed:${searcher.slices.rebuild(dataset)}`],
  stats: (searcher, dataset) => searcher.slices.stats(dataset),
  optimize: (searcher, dataset) => searcher.slices.optimize(dataset),
}

function runOperation(db: Connection, op: string): string[] {
  const [first, ...rest] = op.split(':')
  const named = Object.hasOwn(OPERATIONS, first)
  const operation = named ? OPERATIONS[first] : OPERATIONS['reindex']
  const [shadow, ...dataset] = named ? rest : [first, ...rest]
  if (!shadow || dataset.length === 0) {
    throw adminError(
      `vec_admin: '${op}' is no operation: expected is [${Object.keys(OPERATIONS).join('|')}:]shadow:dataset, for instance 'main._vec_vec_docs:a'`,
    )
  }
  const searcher = tableOf(db, shadow).searcher()
  return searcher.shadow.inSnapshot(() => operation(searcher, dataset.join(':')))
}

/** The vec table over a shadow table, named as 'main._vec_t', '_vec_t' or 't'. */
function tableOf(db: Connection, shadow: string): VecTable {
  const dot = shadow.indexOf('.')
  const schema = dot < 0 ? 'main' : shadow.slice(0, dot)
  const bare = dot < 0 ? shadow : shadow.slice(dot + 1)
  const prefix = shadowTableName('')
  for (const name of bare.startsWith(prefix) ? [bare.slice(prefix.length), bare] : [bare]) {
    // Naming the table in a statement is what makes SQLite connect it.
    try {
      db.prepare(
        `SELECT 1 FROM ${quoteName(schema)}.${quoteName(name)} WHERE dataset_id = ''`,
      ).finalize()
    } catch {
      continue
    }
    const table = connectedTable(db, schema, name)
    if (table) return table
  }
  throw adminError(
    `vec_admin: no vec table stands over ${schema}.${bare}: create it with USING vec(...)`,
  )
}

function adminError(message: string): VecError {
  return new VecError('VEC_QUERY', message, {
    hint: "SELECT op FROM vec_admin WHERE op MATCH 'main._vec_vec_docs:dataset'",
  })
}
