import { VecError } from '../../core/errors.ts'
import type { Connection } from '../connection.ts'
import { nativeFunction, type NativeFunction } from '../functions.ts'
import { SQLITE_OK } from '../result-codes.ts'
import { nameText } from '../sql-text.ts'
import { readValue } from '../wasm/values.ts'
import { type Pointer, type Sqlite } from '../wasm/wasm.ts'
import { termValues, writtenValue } from './given-values.ts'
import { IndexInfo, OP, writePlan } from './index-info.ts'
import { ModuleStructs } from './module-struct.ts'
import { Plans } from './plans.ts'
import {
  ResultWriter,
  UNCHANGED,
  type OnConflict,
  type TableContext,
  type VirtualCursor,
  type VirtualTable,
  type VirtualTableModule,
  type WrittenValue,
} from './virtual-table.ts'

interface Registered {
  readonly db: Connection
  readonly module: VirtualTableModule
  /** The functions of the module, by name in lower case. */
  readonly functions: ReadonlyMap<string, NativeFunction>
}

interface LiveTable {
  readonly db: Connection
  readonly functions: ReadonlyMap<string, NativeFunction>
  readonly table: VirtualTable
  readonly plans: Plans
}

interface LiveCursor {
  readonly db: Connection
  readonly cursor: VirtualCursor
  readonly vtab: Pointer
  readonly plans: Plans
  /** Past the last row? Read after each move, where an error can be reported; xEof cannot report one. */
  eof: boolean
}

type CursorCall = (live: LiveCursor, a: number, b: number) => void

const SQLITE_ERROR = 1
const SQLITE_READONLY = 8
const SQLITE_CONSTRAINT = 19

const VTAB_CONSTRAINT_SUPPORT = 1
const VTAB_INNOCUOUS = 2
const VTAB_DIRECTONLY = 3

/** Indexed by the numbers of sqlite3_vtab_on_conflict. */
const ON_CONFLICT: readonly OnConflict[] = [
  'abort',
  'rollback',
  'ignore',
  'fail',
  'abort',
  'replace',
]

/** Owns the C structures. Maps pointers to objects, and lets no exception cross into C. */
class Modules {
  readonly #sqlite: Sqlite
  readonly #modules = new Map<number, Registered>()
  readonly #tables = new Map<Pointer, LiveTable>()
  readonly #cursors = new Map<Pointer, LiveCursor>()
  readonly #result: ResultWriter
  readonly #methods: Record<string, Pointer>
  readonly #structs: ModuleStructs
  #next = 1

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
    this.#result = new ResultWriter(sqlite)
    const p = (signature: string, f: (...args: number[]) => number): Pointer =>
      sqlite.functionPointer(signature, f)
    this.#methods = {
      create: p('i(ppippp)', (db, aux, argc, argv, ppVtab, pzErr) =>
        this.#make('create', db, aux, argc, argv, ppVtab, pzErr),
      ),
      connect: p('i(ppippp)', (db, aux, argc, argv, ppVtab, pzErr) =>
        this.#make('connect', db, aux, argc, argv, ppVtab, pzErr),
      ),
      bestIndex: p('i(pp)', (vtab, info) => this.#bestIndex(vtab, info)),
      disconnect: p('i(p)', vtab => this.#end(vtab, 'disconnect')),
      destroy: p('i(p)', vtab => this.#end(vtab, 'destroy')),
      open: p('i(pp)', (vtab, ppCursor) => this.#open(vtab, ppCursor)),
      close: p('i(p)', cursor => this.#close(cursor)),
      filter: p('i(pippp)', (cursor, plan, detail, argc, argv) =>
        this.#filter(cursor, plan, detail, argc, argv),
      ),
      next: p('i(p)', cursor => this.#onCursor(cursor, advance)),
      eof: p('i(p)', cursor => (this.#cursors.get(cursor)?.eof === false ? 0 : 1)),
      column: p('i(ppi)', (cursor, context, column) =>
        this.#onCursor(cursor, this.#column, context, column),
      ),
      rowid: p('i(pp)', (cursor, out) => this.#onCursor(cursor, this.#rowid, out)),
      update: p('i(pipp)', (vtab, argc, argv, out) => this.#update(vtab, argc, argv, out)),
      begin: p('i(p)', vtab =>
        this.#onTable(vtab, ({ table }) => {
          table.begin?.()
          return SQLITE_OK
        }),
      ),
      findFunction: p('i(pippp)', (vtab, count, name, ppCall, ppData) =>
        this.#findFunction(vtab, count, name, ppCall, ppData),
      ),
      rename: p('i(pp)', (vtab, name) => this.#rename(vtab, name)),
      forget: p('v(p)', id => {
        for (const one of this.#modules.get(id)?.functions.values() ?? []) one[Symbol.dispose]()
        this.#modules.delete(id)
        return 0
      }),
    }
    this.#structs = new ModuleStructs(sqlite, this.#methods)
  }

  register(db: Connection, name: string, module: VirtualTableModule): void {
    const { sqlite, pointer } = db
    nameText(name, 'the name of a module')
    const id = this.#next++
    const functions = new Map(
      Object.entries(module.functions ?? {}).map(([named, fn]) => [
        named,
        nativeFunction(db, named, fn),
      ]),
    )
    this.#modules.set(id, { db, module, functions })
    const code = sqlite.raw.sqlite3_create_module_v2(
      pointer,
      sqlite.cString(name),
      this.#structs.of(module),
      id,
      this.#methods['forget'],
    )
    if (code !== SQLITE_OK) throw db.failure(code)
  }

  #make(
    how: 'create' | 'connect',
    db: Pointer,
    aux: number,
    argc: number,
    argv: Pointer,
    ppVtab: Pointer,
    pzErr: Pointer,
  ): number {
    const sqlite = this.#sqlite
    const registered = this.#modules.get(aux)
    if (!registered) return SQLITE_ERROR
    return registered.db.guard(
      () => {
        const words: string[] = []
        for (let i = 0; i < argc; i++) words.push(sqlite.readCString(sqlite.peek32(argv + 4 * i)))
        const [, schema, name, ...args] = words
        const context: TableContext = { db: registered.db, schema, table: name, args }
        const { module } = registered
        const table =
          how === 'create' && module.create ? module.create(context) : module.connect(context)
        const code = sqlite.raw.sqlite3_declare_vtab(db, sqlite.cString(table.declaration))
        if (code !== SQLITE_OK) {
          throw new Error(`declare_vtab failed: rc=${code}`)
        }
        // The table's own writes obey ON CONFLICT clauses.
        sqlite.raw.sqlite3__wasm_vtab_config(db, VTAB_CONSTRAINT_SUPPORT, 1)
        if (table.risk !== undefined) {
          const op = table.risk === 'innocuous' ? VTAB_INNOCUOUS : VTAB_DIRECTONLY
          sqlite.raw.sqlite3__wasm_vtab_config(db, op, 0)
        }
        const vtab = sqlite.alloc(12)
        sqlite.u8.fill(0, vtab, vtab + 12)
        const { functions } = registered
        const plans = new Plans(sqlite)
        this.#tables.set(vtab, { db: registered.db, table, plans, functions })
        sqlite.poke32(ppVtab, vtab)
        return SQLITE_OK
      },
      message => {
        this.#say(pzErr, message)
        return SQLITE_ERROR
      },
    )
  }

  #bestIndex(vtab: Pointer, info: Pointer): number {
    return this.#onTable(vtab, ({ table, plans }) => {
      const plan = table.bestIndex(new IndexInfo(this.#sqlite, info))
      if (!plan) return SQLITE_CONSTRAINT
      plans.add(plan)
      writePlan(this.#sqlite, info, plan)
      return SQLITE_OK
    })
  }

  #end(vtab: Pointer, how: 'disconnect' | 'destroy'): number {
    return this.#onTable(vtab, ({ table }) => {
      // SQLite keeps a table that could not be dropped. After xDisconnect, the table is gone whatever is thrown.
      if (how === 'destroy') table.destroy?.()
      try {
        table.disconnect?.()
      } finally {
        this.#tables.delete(vtab)
        this.#sqlite.free(vtab)
      }
      return SQLITE_OK
    })
  }

  #open(vtab: Pointer, ppCursor: Pointer): number {
    return this.#onTable(vtab, ({ db, table, plans }) => {
      const cursor = table.open()
      const p = this.#sqlite.alloc(4)
      this.#sqlite.poke32(p, 0)
      this.#cursors.set(p, { db, cursor, vtab, plans, eof: true })
      this.#sqlite.poke32(ppCursor, p)
      return SQLITE_OK
    })
  }

  #close(p: Pointer): number {
    const live = this.#cursors.get(p)
    this.#cursors.delete(p)
    this.#sqlite.free(p)
    if (!live) return SQLITE_OK
    return live.db.guard(
      () => {
        live.cursor.close?.()
        return SQLITE_OK
      },
      // SQLite asks for no result here: the rows were read.
      () => SQLITE_OK,
    )
  }

  #filter(p: Pointer, number: number, text: Pointer, argc: number, argv: Pointer): number {
    const live = this.#cursors.get(p)
    if (!live) return SQLITE_ERROR
    return live.db.guard(
      () => {
        const plan = live.plans.find(number, text)
        live.cursor.filter(plan, ...termValues(this.#sqlite, plan, argc, argv))
        live.eof = live.cursor.eof
        return SQLITE_OK
      },
      (message, error) => this.#refuse(live.vtab, message, error),
    )
  }

  readonly #column: CursorCall = ({ cursor }, context, column) => {
    this.#result.context = context
    cursor.column(this.#result, column)
  }

  readonly #rowid: CursorCall = ({ cursor }, out) => {
    this.#sqlite.poke64(out, cursor.rowid())
  }

  #update(vtab: Pointer, argc: number, argv: Pointer, out: Pointer): number {
    const live = this.#tables.get(vtab)
    if (!live) return SQLITE_ERROR
    const { db, table } = live
    // Read first: the table's own statements set conflict rules of their own.
    const onConflict = ON_CONFLICT[this.#sqlite.raw.sqlite3_vtab_on_conflict(db.pointer)]
    return db.guardWrite(
      () => {
        if (!table.update) return SQLITE_READONLY
        this.#write(table, onConflict, argc, argv, out)
        return SQLITE_OK
      },
      (message, error) => {
        const primary = this.#refuse(vtab, message, error)
        // The extended code says which constraint failed. SQLite reads the primary code, and passes on all of it.
        return primary === SQLITE_CONSTRAINT ? (error as VecError).extendedCode : primary
      },
    )
  }

  #write(
    table: VirtualTable,
    onConflict: OnConflict,
    argc: number,
    argv: Pointer,
    out: Pointer,
  ): void {
    const sqlite = this.#sqlite
    const at = (i: number): Pointer => sqlite.peek32(argv + 4 * i)
    const rowid = readValue(sqlite, at(0))
    if (argc === 1) {
      table.update!({ kind: 'delete', rowid })
      return
    }
    const newRowid = readValue(sqlite, at(1))
    const written = (i: number): WrittenValue =>
      writtenValue(sqlite, at(i), table.textColumns?.has(i - 2))
    const subtype = (place: number): number => sqlite.raw.sqlite3_value_subtype(at(place + 2))
    const how = { subtype, onConflict }
    if (rowid === null) {
      const values: WrittenValue[] = []
      for (let i = 2; i < argc; i++) values.push(written(i))
      sqlite.poke64(out, BigInt(table.update!({ kind: 'insert', rowid: newRowid, values, ...how })))
      return
    }
    const values: (WrittenValue | typeof UNCHANGED)[] = []
    for (let i = 2; i < argc; i++) {
      values.push(sqlite.raw.sqlite3_value_nochange(at(i)) === 0 ? written(i) : UNCHANGED)
    }
    table.update!({ kind: 'update', rowid, newRowid, values, ...how })
  }

  /** Whether the module has the function, and which C function computes it. */
  #findFunction(
    vtab: Pointer,
    count: number,
    name: Pointer,
    ppCall: Pointer,
    ppData: Pointer,
  ): number {
    if (count !== 2) return 0
    const found = this.#tables
      .get(vtab)
      ?.functions.get(this.#sqlite.readCString(name).toLowerCase())
    if (!found) return 0
    this.#sqlite.poke32(ppCall, found.call)
    this.#sqlite.poke32(ppData, found.userData)
    return OP.FUNCTION
  }

  #rename(vtab: Pointer, name: Pointer): number {
    return this.#onTable(vtab, ({ table }) => {
      table.rename?.(this.#sqlite.readCString(name))
      return SQLITE_OK
    })
  }

  #onTable(vtab: Pointer, run: (live: LiveTable) => number): number {
    const live = this.#tables.get(vtab)
    if (!live) return SQLITE_ERROR
    return live.db.guard(
      () => run(live),
      (message, error) => this.#refuse(vtab, message, error),
    )
  }

  /** What is called for each row and column. */
  #onCursor(p: Pointer, call: CursorCall, a = 0, b = 0): number {
    const live = this.#cursors.get(p)
    if (!live) return SQLITE_ERROR
    const { db } = live
    try {
      db.enterCallback(false)
      call(live, a, b)
      db.completeCallback()
      return SQLITE_OK
    } catch (error) {
      return this.#refuse(live.vtab, db.failCallback(error), error)
    } finally {
      db.leaveCallback()
    }
  }

  #refuse(vtab: Pointer, message: string, error: unknown): number {
    const Z_ERR_MSG = 8
    // A table that was released cannot take a message.
    if (this.#tables.has(vtab)) this.#say(vtab + Z_ERR_MSG, message)
    const code = error instanceof VecError ? error.extendedCode : 0
    // SQLITE_BUSY and its like keep their meaning, so that callers can retry.
    return code === 0 ? SQLITE_ERROR : code & 0xff
  }

  /** Puts a message where SQLite expects one, and frees the previous one. */
  #say(where: Pointer, message: string): void {
    const sqlite = this.#sqlite
    sqlite.free(sqlite.peek32(where))
    sqlite.poke32(where, 0)
    try {
      sqlite.poke32(where, sqlite.ownedCString(message))
    } catch {
      // There is no memory for the message: SQLite reports the code alone.
    }
  }
}

const advance: CursorCall = live => {
  live.cursor.next()
  live.eof = live.cursor.eof
}

const registries = new WeakMap<Sqlite, Modules>()

/** Registers a module on one connection. */
export function registerModule(db: Connection, name: string, module: VirtualTableModule): void {
  let modules = registries.get(db.sqlite)
  if (!modules) registries.set(db.sqlite, (modules = new Modules(db.sqlite)))
  modules.register(db, name, module)
}
