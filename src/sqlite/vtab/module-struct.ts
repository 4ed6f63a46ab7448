import type { Pointer, Sqlite } from '../wasm/wasm.ts'
import type { VirtualTableModule } from './virtual-table.ts'

/** The C structures of modules. Modules with the same methods share one. */
export class ModuleStructs {
  readonly #sqlite: Sqlite
  readonly #methods: Readonly<Record<string, Pointer>>
  readonly #structs = new Map<string, Pointer>()

  constructor(sqlite: Sqlite, methods: Readonly<Record<string, Pointer>>) {
    this.#sqlite = sqlite
    this.#methods = methods
  }

  /** sqlite3_module, laid out for wasm32: an int, then pointers in the order of sqlite3.h. */
  of(module: VirtualTableModule): Pointer {
    const kind = module.eponymous ? 'eponymous' : module.create ? 'created' : 'eponymous-only'
    const key = `${kind}${module.readOnly ? ' read-only' : ''}${module.functions ? ' functions' : ''}`
    const known = this.#structs.get(key)
    if (known !== undefined) return known
    const m = this.#methods
    const create = kind === 'eponymous' ? m['connect'] : kind === 'created' ? m['create'] : 0
    const p = this.#sqlite.alloc(100)
    this.#sqlite.u8.fill(0, p, p + 100)
    const pointers = [
      create,
      m['connect'],
      m['bestIndex'],
      m['disconnect'],
      m['destroy'],
      m['open'],
      m['close'],
      m['filter'],
      m['next'],
      m['eof'],
      m['column'],
      m['rowid'],
      module.readOnly ? 0 : m['update'],
      m['begin'],
    ]
    pointers.forEach((pointer, i) => this.#sqlite.poke32(p + 4 + 4 * i, pointer))
    const X_FIND_FUNCTION = 72
    const X_RENAME = 76
    if (module.functions) this.#sqlite.poke32(p + X_FIND_FUNCTION, m['findFunction'])
    this.#sqlite.poke32(p + X_RENAME, m['rename'])
    this.#structs.set(key, p)
    return p
  }
}
