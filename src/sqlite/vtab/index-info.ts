import type { Pointer, Sqlite } from '../wasm/wasm.ts'

/** SQLITE_INDEX_CONSTRAINT_*. */
export const OP = {
  EQ: 2,
  GT: 4,
  LE: 8,
  LT: 16,
  GE: 32,
  MATCH: 64,
  LIMIT: 73,
  OFFSET: 74,
} as const

export interface Constraint {
  /** Index among the constraints. */
  readonly index: number
  /** -1 is the rowid. Without meaning for LIMIT and OFFSET. */
  readonly column: number
  readonly op: number
  readonly usable: boolean
}

export interface OrderTerm {
  readonly column: number
  readonly descending: boolean
}

/** sqlite3_index_info: what SQLite asks of a plan, and the plan's answer. */
export class IndexInfo {
  readonly constraints: readonly Constraint[]
  readonly orderBy: readonly OrderTerm[]
  /** Bit i: column i is used; bit 63 stands for all from 63 on. */
  readonly columnsUsed: bigint

  plan = 0
  detail = ''
  orderByConsumed = false
  cost = 1e6
  rows = 1000n
  /** At most one row comes back. */
  unique = false

  readonly #sqlite: Sqlite
  readonly #info: Pointer
  #arguments = 0

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

  /**
   * Asks for the right-hand side as the next argument of filter; returns its number there. `omit` promises that every
   * row returned satisfies the constraint, so that SQLite need not check.
   */
  use(constraint: Constraint, omit: boolean): number {
    const usage = this.#sqlite.peek32(this.#info + 16) + 8 * constraint.index
    this.#sqlite.poke32(usage, ++this.#arguments)
    this.#sqlite.u8[usage + 4] = omit ? 1 : 0
    return this.#arguments - 1
  }

  /** Takes an IN as a whole instead of value by value; false where the constraint is no IN. */
  takeList(constraint: Constraint): boolean {
    return this.#sqlite.raw.sqlite3_vtab_in(this.#info, constraint.index, 1) !== 0
  }

  /** The collating sequence of a comparison. */
  collation(constraint: Constraint): string {
    return this.#sqlite.readCString(
      this.#sqlite.raw.sqlite3_vtab_collation(this.#info, constraint.index),
    )
  }

  isList(constraint: Constraint): boolean {
    return this.#sqlite.raw.sqlite3_vtab_in(this.#info, constraint.index, -1) !== 0
  }

  /** 1, 2, 3: rows may come grouped or once each (GROUP BY, DISTINCT); 0: in the order of orderBy, all of them. */
  get distinct(): number {
    return this.#sqlite.raw.sqlite3_vtab_distinct(this.#info)
  }

  /** For the facade: puts the answer into the C structure. */
  write(): void {
    const info = this.#info
    const sqlite = this.#sqlite
    sqlite.poke32(info + 20, this.plan)
    if (this.detail !== '') {
      sqlite.poke32(info + 24, sqlite.ownedCString(this.detail))
      sqlite.poke32(info + 28, 1)
    }
    sqlite.poke32(info + 32, this.orderByConsumed ? 1 : 0)
    sqlite.pokeDouble(info + 40, this.cost)
    sqlite.poke64(info + 48, this.rows)
    sqlite.poke32(info + 56, this.unique ? 1 : 0)
  }
}
