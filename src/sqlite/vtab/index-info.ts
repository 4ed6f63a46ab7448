import type { Pointer, Sqlite } from '../wasm/wasm.ts'

/** SQLITE_INDEX_CONSTRAINT_*. */
export const OP = {
  EQ: 2,
  GT: 4,
  LE: 8,
  LT: 16,
  GE: 32,
  MATCH: 64,
  LIKE: 65,
  GLOB: 66,
  NE: 68,
  IS_NOT_NULL: 70,
  IS_NULL: 71,
  LIMIT: 73,
  OFFSET: 74,
  /** A function of the module. */
  FUNCTION: 150,
} as const

export interface Constraint {
  /** Index among the constraints. */
  readonly index: number
  /** The column; -1 is the rowid. Meaningless for LIMIT and OFFSET. */
  readonly column: number
  readonly op: number
  readonly usable: boolean
}

export interface OrderTerm {
  readonly column: number
  readonly descending: boolean
}

/** A constraint that a plan handles instead of SQLite. */
export interface PlanTerm {
  readonly constraint: Constraint
  /** Takes an IN as a whole, instead of one execution per value. Only if `IndexInfo.isList` allows it. */
  readonly list?: boolean
  /** SQLite also checks each row; otherwise the plan guarantees that its rows satisfy the constraint. */
  readonly check?: boolean
  /** Only of a `list`: its texts come as an `IdList`, and all other values as usual. */
  readonly texts?: boolean
  /** An INTEGER always comes as bigint, not only beyond 2^53. */
  readonly bigints?: boolean
  /** The subtype of the value follows the value; 0 means none. */
  readonly subtype?: boolean
}

/**
 * How a table executes a statement. SQLite keeps a number and a text of the plan and shows both in EXPLAIN QUERY
 * PLAN. So two plans of one table with the same number and text must be the same plan.
 */
export interface Plan {
  readonly number?: number
  readonly text?: string
  /** `filter` receives the values of these terms, in this order. */
  readonly terms?: readonly PlanTerm[]
  /** Whether rows come in the order that SQLite asked for. */
  readonly ordered?: boolean
  readonly cost?: number
  readonly rows?: number
  /** Whether there is at most one row. */
  readonly unique?: boolean
}

/** sqlite3_index_info: what SQLite asks of a plan. It can be read only while the plan is being chosen. */
export class IndexInfo {
  readonly constraints: readonly Constraint[]
  readonly orderBy: readonly OrderTerm[]
  /** Bit i: the statement uses column i; bit 63 is for all columns from 63 on. */
  readonly columnsUsed: bigint
  readonly #sqlite: Sqlite
  readonly #info: Pointer

  constructor(sqlite: Sqlite, info: Pointer) {
    this.#sqlite = sqlite
    this.#info = info
    const { view } = sqlite
    const constraints: Constraint[] = []
    const count = view.getInt32(info, true)
    for (let i = 0, p = view.getInt32(info + 4, true); i < count; i++, p += 12) {
      constraints.push({
        index: i,
        column: view.getInt32(p, true),
        op: view.getUint8(p + 4),
        usable: view.getUint8(p + 5) !== 0,
      })
    }
    this.constraints = constraints
    const orderBy: OrderTerm[] = []
    const terms = view.getInt32(info + 8, true)
    for (let i = 0, p = view.getInt32(info + 12, true); i < terms; i++, p += 8) {
      orderBy.push({ column: view.getInt32(p, true), descending: view.getUint8(p + 4) !== 0 })
    }
    this.orderBy = orderBy
    this.columnsUsed = view.getBigUint64(info + 64, true)
  }

  /** The collating sequence of a comparison. */
  collation(constraint: Constraint): string {
    return this.#sqlite.readCString(
      this.#sqlite.raw.sqlite3_vtab_collation(this.#info, constraint.index),
    )
  }

  /** Whether a constraint is an IN that can be taken as a whole. */
  isList(constraint: Constraint): boolean {
    return this.#sqlite.raw.sqlite3_vtab_in(this.#info, constraint.index, -1) !== 0
  }

  /** 1, 2, 3: rows may come grouped or once each (GROUP BY, DISTINCT); 0: in the order of orderBy, all of them. */
  get distinct(): number {
    return this.#sqlite.raw.sqlite3_vtab_distinct(this.#info)
  }
}

/** Writes a plan into the C structure. */
export function writePlan(sqlite: Sqlite, info: Pointer, plan: Plan): void {
  const { number = 0, text = '', terms = [], ordered = false, unique = false } = plan
  const { cost = 1e6, rows = 1000 } = plan
  const usages = sqlite.peek32(info + 16)
  for (const [i, { constraint, list = false, check = false }] of terms.entries()) {
    const usage = usages + 8 * constraint.index
    sqlite.poke32(usage, i + 1)
    sqlite.u8[usage + 4] = check ? 0 : 1
    if (list) sqlite.raw.sqlite3_vtab_in(info, constraint.index, 1)
  }
  sqlite.poke32(info + 20, number)
  if (text !== '') {
    sqlite.poke32(info + 24, sqlite.ownedCString(text))
    sqlite.poke32(info + 28, 1)
  }
  sqlite.poke32(info + 32, ordered ? 1 : 0)
  sqlite.pokeDouble(info + 40, cost)
  sqlite.poke64(info + 48, BigInt(rows))
  sqlite.poke32(info + 56, unique ? 1 : 0)
}
