import { SQLITE_CANTOPEN } from '../../result-codes.ts'
import { VfsFailure } from '../../vfs/vfs-errors.ts'
import type { Access, OpenRequest, OpenedFile, Vfs } from '../../vfs/vfs.ts'
import type { Sqlite } from '../../wasm/wasm.ts'
import { MemoryFile, StoredFile } from '../memory/memory-file.ts'
import { MemorySharedMemory, SharedRegions } from '../memory/memory-shared-memory.ts'
import type { MemoryFileSystem } from '../memory/memory-vfs.ts'
import { OpfsDatabase, type Part } from './opfs-database.ts'

const SUFFIXES: Readonly<Record<string, Part>> = { '-journal': 'journal', '-wal': 'wal' }

/**
 * Databases in the origin private file system. A file exists here once `prepare` has opened its database. Temporary
 * files live in memory.
 */
export class OpfsFileSystem implements Vfs {
  readonly name = 'opfs'
  readonly #sqlite: Sqlite
  readonly #memory: MemoryFileSystem
  readonly #databases = new Map<string, OpfsDatabase>()
  readonly #opening = new Map<string, Promise<OpfsDatabase>>()
  readonly #shared = new WeakMap<OpfsDatabase, SharedRegions>()
  #temporary = 0

  constructor(sqlite: Sqlite, memory: MemoryFileSystem) {
    this.#sqlite = sqlite
    this.#memory = memory
  }

  /** Opens the files of a database. They stay open until its last connection closes. */
  async prepare(path: string, create: boolean): Promise<void> {
    if (this.#databases.has(path)) return
    let opening = this.#opening.get(path)
    if (opening === undefined) this.#opening.set(path, (opening = OpfsDatabase.open(path, create)))
    try {
      this.#databases.set(path, await opening)
    } finally {
      this.#opening.delete(path)
    }
  }

  database(path: string): OpfsDatabase | undefined {
    return this.#databases.get(path)
  }

  open(name: string | null, request: OpenRequest): OpenedFile {
    if (name === null || !isDurable(request)) {
      const stored = new StoredFile(++this.#temporary)
      const options = { sharedMemory: undefined, named: () => stored, closed: () => undefined }
      return { file: new MemoryFile(name ?? '', stored, options), readonly: false }
    }
    if (request.kind === 'super-journal')
      throw new VfsFailure(
        SQLITE_CANTOPEN,
        name,
        'a transaction over several files of a browser could not be undone whole',
        { hint: 'write to one file in a transaction' },
      )
    const { database, part } = this.#find(name)
    const stored = database.file(part)
    const file = new MemoryFile(name, stored, {
      sharedMemory: request.kind === 'main-db' ? this.#sharedMemory(database) : undefined,
      named: () => stored,
      closed: () => this.#closed(database),
    })
    return { file, readonly: !request.write }
  }

  /** Removes a journal by emptying it durably: that commits SQLite's transaction. */
  delete(path: string): boolean {
    const { database, part } = this.#find(path)
    const file = database.file(part)
    if (file.size === 0) return false
    file.truncate(0)
    file.sync()
    return true
  }

  syncDirectory(): void {}

  access(path: string, _how: Access): boolean {
    const found = this.#lookUp(path)
    return found !== undefined && found.database.file(found.part).size > 0
  }

  fullPath(path: string): { path: string; symlink: boolean } {
    return this.#memory.fullPath(path)
  }

  randomness(into: Uint8Array): void {
    this.#memory.randomness(into)
  }

  /** Sleeping is useless: only code of this thread could release the lock, and none can run meanwhile. */
  sleep(): void {}

  now(): number {
    return Date.now()
  }

  #lookUp(path: string): { database: OpfsDatabase; part: Part } | undefined {
    const [, base, suffix] = /^(.*?)(-journal|-wal)?$/s.exec(path)!
    const database = this.#databases.get(path)
    if (database !== undefined) return { database, part: 'main' }
    const owner = suffix === undefined ? undefined : this.#databases.get(base)
    return owner && { database: owner, part: SUFFIXES[suffix] }
  }

  #find(path: string): { database: OpfsDatabase; part: Part } {
    const found = this.#lookUp(path)
    if (found !== undefined) return found
    throw new VfsFailure(SQLITE_CANTOPEN, path, `${path} is not open in this worker`, {
      hint: 'await open() of this file first: a browser gives files only by Promises',
    })
  }

  /** Closes a database without connections, so that other threads may open it. */
  #closed(database: OpfsDatabase): void {
    if (database.isInUse) return
    database.close()
    if (this.#databases.get(database.path) === database) this.#databases.delete(database.path)
  }

  #sharedMemory(database: OpfsDatabase): MemorySharedMemory {
    let regions = this.#shared.get(database)
    if (regions === undefined)
      this.#shared.set(database, (regions = new SharedRegions(this.#sqlite)))
    return new MemorySharedMemory(regions)
  }
}

const DURABLE = new Set(['main-db', 'main-journal', 'super-journal', 'wal'])

function isDurable({ kind }: OpenRequest): boolean {
  return DURABLE.has(kind)
}
