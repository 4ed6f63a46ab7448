import { takeKernels } from '#kernels'
import { VecError } from '../../core/errors.ts'
import { readUtf8 } from '../../core/utf8.ts'
import type { WasmMemory } from '../../core/wasm-memory.ts'
import { SQLITE_NOMEM, SQLITE_OK } from '../result-codes.ts'
import { installFunction } from './function-table.ts'
import { MAX_MEMORY_PAGES, hostFunctions } from './host-functions.ts'
import type { Pointer, RawSqlite } from './raw-sqlite.ts'
import { compileWasm, notSqlite, type ReadWasm, type WasmSource } from './wasm-source.ts'

export type { Pointer } from './raw-sqlite.ts'

export const SQLITE_INTEGER = 1
export const SQLITE_FLOAT = 2
export const SQLITE_TEXT = 3
export const SQLITE_BLOB = 4
export const SQLITE_NULL = 5
/** The bytes stay valid until the statement releases them. */
export const SQLITE_STATIC = 0
/** SQLite copies the bytes at once. */
export const SQLITE_TRANSIENT = -1

/** 8 MiB, the size that the module requires. */
const INITIAL_MEMORY_PAGES = 128

/** Scratch space larger than this is freed after its use. */
const LARGE_SCRATCH = 1 << 20

const encoder = new TextEncoder()

/**
 * SQLite's memory and functions. The views of its heap become invalid when the memory grows, so read `sqlite.u8`
 * again after every call that may allocate. It is cheap.
 */
export class Sqlite {
  readonly raw: RawSqlite
  readonly memory: WasmMemory
  readonly #install: (signature: string, f: (...args: never[]) => unknown) => Pointer
  #u8: Uint8Array
  #f32: Float32Array
  #view: DataView
  #scratch: Pointer
  #scratchBytes = 4096
  /** The number of JavaScript calls that C code waits for. */
  nesting = 0
  /** Whether C code that may call back is running: true between `enter` and `leave`. */
  #inside = false
  /** The C stack pointer while no C code runs. */
  readonly #stackTop: Pointer

  constructor(
    raw: RawSqlite,
    memory: WasmMemory,
    install: (signature: string, f: (...args: never[]) => unknown) => Pointer,
  ) {
    this.raw = raw
    this.memory = memory
    this.#install = install
    this.#stackTop = this.raw.emscripten_stack_get_current()
    this.#u8 = new Uint8Array(this.memory.buffer)
    this.#f32 = new Float32Array(this.memory.buffer)
    this.#view = new DataView(this.memory.buffer)
    this.#scratch = this.alloc(this.#scratchBytes)
  }

  get u8(): Uint8Array {
    if (this.#u8.length === 0) this.#renewViews()
    return this.#u8
  }

  get f32(): Float32Array {
    if (this.#f32.length === 0) this.#renewViews()
    return this.#f32
  }

  get view(): DataView {
    // Asks the typed array, since a detached DataView throws when asked for its length.
    if (this.#u8.length === 0) this.#renewViews()
    return this.#view
  }

  #renewViews(): void {
    this.#u8 = new Uint8Array(this.memory.buffer)
    this.#f32 = new Float32Array(this.memory.buffer)
    this.#view = new DataView(this.memory.buffer)
  }

  alloc(bytes: number): Pointer {
    const p = this.raw.sqlite3_malloc(Math.max(bytes, 1))
    if (p === 0) throw outOfMemory(bytes)
    return p
  }

  free(p: Pointer): void {
    this.raw.sqlite3_free(p)
  }

  peek32(p: Pointer): number {
    return this.view.getInt32(p, true)
  }

  poke32(p: Pointer, value: number): void {
    this.view.setInt32(p, value, true)
  }

  poke64(p: Pointer, value: bigint): void {
    this.view.setBigInt64(p, value, true)
  }

  pokeDouble(p: Pointer, value: number): void {
    this.view.setFloat64(p, value, true)
  }

  /**
   * Call it before C code that may call back, and pass its result to `leave` afterwards. If the mark of an earlier
   * call is set although C code waits for no JavaScript, an exception went through that call (JavaScript's stack
   * overflowed). `enter` then takes back the part of the C stack that the call used.
   */
  enter(): boolean {
    const nested = this.#inside && this.nesting > 0
    // oxlint-disable-next-line no-underscore-dangle -- the name under which the package exports it
    if (this.#inside && !nested) this.raw._emscripten_stack_restore(this.#stackTop)
    this.#inside = true
    return nested
  }

  leave(nested: boolean): void {
    this.#inside = nested
  }

  /**
   * Makes a C function pointer of `f`. It lives as long as the process, so install it once and dispatch by an
   * argument.
   */
  functionPointer(signature: string, f: (...args: never[]) => unknown): Pointer {
    return this.#install(signature, f)
  }

  /** Space for short-lived arguments. The next call of `scratch` or `cString` overwrites it. */
  scratch(bytes: number): Pointer {
    // After a large text, its space is freed.
    if (bytes > this.#scratchBytes || this.#scratchBytes > LARGE_SCRATCH) {
      const capacity = Math.max(bytes, 4096)
      this.free(this.#scratch)
      this.#scratch = 0
      this.#scratchBytes = 0
      this.#scratch = this.alloc(capacity)
      this.#scratchBytes = capacity
    }
    return this.#scratch
  }

  /** `text` in scratch space, NUL-terminated. Throws for a NUL inside the text. */
  cString(text: string): Pointer {
    if (text.includes('\0')) {
      throw new TypeError(
        `a name cannot contain a NUL character: ${JSON.stringify(text.slice(0, 80))}`,
      )
    }
    const p = this.scratch(text.length * 3 + 1)
    const bytes = this.writeText(text, p)
    this.u8[p + bytes] = 0
    return p
  }

  /** `text` in newly allocated memory, NUL-terminated, for SQLite to free. A NUL inside ends it early. */
  ownedCString(text: string): Pointer {
    const p = this.alloc(text.length * 3 + 1)
    const bytes = this.writeText(text, p)
    this.u8[p + bytes] = 0
    return p
  }

  /** Writes `text` as UTF-8, at most three bytes per code unit, and returns the number of bytes. */
  writeText(text: string, p: Pointer): number {
    const heap = this.u8
    const length = text.length
    if (length < 128) {
      let i = 0
      for (; i < length; i++) {
        const unit = text.charCodeAt(i)
        if (unit > 127) break
        heap[p + i] = unit
      }
      if (i === length) return length
    }
    if (!text.isWellFormed()) throw loneSurrogate(text)
    return encoder.encodeInto(text, heap.subarray(p, p + length * 3)).written
  }

  /** The text at `p`; bytes that are not UTF-8 become U+FFFD. */
  readText(p: Pointer, bytes: number): string {
    return readUtf8(this.u8, p, p + bytes)
  }

  readCString(p: Pointer): string {
    if (p === 0) return ''
    return this.readText(p, this.u8.indexOf(0, p) - p)
  }

  copyBytes(p: Pointer, bytes: number): Uint8Array {
    return this.u8.slice(p, p + bytes)
  }
}

function outOfMemory(bytes: number): VecError {
  return new VecError(
    'SQLITE_NOMEM',
    `out of memory: SQLite's heap could not allocate ${bytes} bytes`,
    {
      hint: 'SQLite runs in 32-bit WebAssembly memory of at most 2 GiB: use smaller blobs or transactions, or lower PRAGMA cache_size',
      extendedCode: SQLITE_NOMEM,
    },
  )
}

function loneSurrogate(text: string): TypeError {
  const at = text.search(/\p{Surrogate}/u)
  return new TypeError(
    `text with a lone surrogate (at character ${at}) cannot be stored, because it cannot be written as UTF-8: use String.prototype.toWellFormed() or a Uint8Array`,
  )
}

let loading: Promise<Sqlite> | undefined
let loaded: Sqlite | undefined
let loadedFrom: WasmSource | undefined

/**
 * Loads the one SQLite of this process (or worker), from `source` or the shipped file. A failed load may be tried
 * again. Throws VecError VEC_ENGINE when SQLite is already loaded from another source.
 */
export async function loadSqlite(read: ReadWasm, source?: WasmSource): Promise<Sqlite> {
  if (loading !== undefined && source !== undefined && source !== loadedFrom) {
    throw new VecError(
      'VEC_ENGINE',
      'loadEngine({ wasm }) comes too late: SQLite is loaded already',
      {
        hint: 'call it before the first open() and loadEngine()',
      },
    )
  }
  if (loading === undefined) {
    loadedFrom = source
    loading = instantiate(read, source)
  }
  try {
    return await loading
  } catch (error) {
    loading = undefined
    throw error
  }
}

/** The one SQLite of this process, after `loadSqlite` has resolved. */
export function loadedSqlite(): Sqlite {
  if (loaded) return loaded
  throw new VecError('VEC_ENGINE', 'SQLite is not loaded yet', {
    hint: 'call await open(...) once first',
  })
}

/**
 * Keeps up to 16 MiB of a statement journal in memory. With temporary files on disk, SQLite would move it to disk
 * beyond 64 KiB: a DELETE of 20,000 rows of a vec table took 1.75 times the processor time.
 */
function keepStatementJournals(raw: RawSqlite): void {
  const CONFIG_STMTJRNL_SPILL = 26
  // SQLite can be configured only before it starts.
  const code = raw.sqlite3__wasm_config_i(CONFIG_STMTJRNL_SPILL, 1 << 24)
  if (code !== SQLITE_OK || raw.sqlite3_initialize() !== SQLITE_OK) {
    throw new VecError('VEC_ENGINE', 'SQLite could not be configured and started')
  }
}

async function instantiate(read: ReadWasm, source: WasmSource | undefined): Promise<Sqlite> {
  const module = (await compileWasm(source, read)) as WebAssembly.Module
  const memory = new WebAssembly.Memory({
    initial: INITIAL_MEMORY_PAGES,
    maximum: MAX_MEMORY_PAGES,
  })
  const imports = hostFunctions(memory)
  const exports = await instanceOf(module, { ...imports, env: { ...imports['env'], memory } })
  await takeKernels(module)
  const raw = exports as unknown as RawSqlite
  const table = exports['__indirect_function_table'] as WebAssembly.Table
  // oxlint-disable-next-line no-underscore-dangle -- the name under which the module exports it
  raw.__wasm_call_ctors()
  keepStatementJournals(raw)
  loaded = new Sqlite(raw, memory, (signature, f) => installFunction(table, signature, f))
  return loaded
}

async function instanceOf(
  module: WebAssembly.Module,
  imports: WebAssembly.Imports,
): Promise<WebAssembly.Exports> {
  let exports: WebAssembly.Exports
  try {
    exports = (await WebAssembly.instantiate(module, imports)).exports
  } catch (error) {
    throw notSqlite(error instanceof Error ? error.message : String(error))
  }
  if (!('sqlite3__wasm_config_i' in exports)) throw notSqlite('it does not hold SQLite')
  return exports
}
