import { SQLITE_CANTOPEN, SQLITE_CANTOPEN_FULLPATH } from '../../result-codes.ts'
import { registerVfs } from '../../vfs/vfs-adapter.ts'
import { VfsFailure } from '../../vfs/vfs-errors.ts'
import type { Access, OpenRequest, OpenedFile, Vfs } from '../../vfs/vfs.ts'
import type { Sqlite } from '../../wasm/wasm.ts'
import { MemoryFile, StoredFile } from './memory-file.ts'
import { MemorySharedMemory, SharedRegions } from './memory-shared-memory.ts'

/** The most bytes that one call of crypto.getRandomValues() returns. */
const RANDOM_BYTES = 65_536

/** Files in the memory of this thread. They last as long as the thread, and all its connections see them. */
export class MemoryFileSystem implements Vfs {
  readonly name = 'memory'
  readonly #sqlite: Sqlite
  readonly #files = new Map<string, StoredFile>()
  readonly #shared = new WeakMap<StoredFile, SharedRegions>()
  #made = 0

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  open(name: string | null, request: OpenRequest): OpenedFile {
    const path = name ?? ''
    const stored = name === null ? new StoredFile(++this.#made) : this.#find(path, request)
    const file = new MemoryFile(path, stored, {
      sharedMemory: request.kind === 'main-db' ? this.#sharedMemory(stored) : undefined,
      named: () => this.#files.get(path),
      closed: () => {
        if (request.deleteOnClose && this.#files.get(path) === stored) this.#files.delete(path)
      },
    })
    return { file, readonly: !request.write }
  }

  delete(path: string): boolean {
    return this.#files.delete(path)
  }

  syncDirectory(): void {}

  access(path: string, how: Access): boolean {
    const stored = this.#files.get(path)
    return stored !== undefined && (how !== 'exists' || stored.size > 0)
  }

  fullPath(path: string): { path: string; symlink: boolean } {
    const parts: string[] = []
    for (const part of path.split('/')) {
      if (part === '..') parts.pop()
      else if (part !== '' && part !== '.') parts.push(part)
    }
    if (parts.length > 0) return { path: `/${parts.join('/')}`, symlink: false }
    throw new VfsFailure(
      SQLITE_CANTOPEN_FULLPATH,
      path,
      `${JSON.stringify(path)} does not name a file`,
    )
  }

  randomness(into: Uint8Array): void {
    for (let at = 0; at < into.length; at += RANDOM_BYTES) {
      const part = new Uint8Array(Math.min(RANDOM_BYTES, into.length - at))
      into.set(globalThis.crypto.getRandomValues(part), at)
    }
  }

  /** Sleeping is useless: only code of this thread could release the lock, and none can run meanwhile. */
  sleep(): void {}

  now(): number {
    return Date.now()
  }

  /** A key that distinguishes a file from others of the same name; undefined when it does not exist. */
  identify(path: string): string | undefined {
    const stored = this.#files.get(this.fullPath(path).path)
    return stored && `${this.name}:${stored.id}`
  }

  /** The content of a file. */
  contents(path: string): Uint8Array | undefined {
    const stored = this.#files.get(this.fullPath(path).path)
    if (stored === undefined) return undefined
    const bytes = new Uint8Array(stored.size)
    stored.read(bytes, 0)
    return bytes
  }

  #find(path: string, { create, exclusive }: OpenRequest): StoredFile {
    const found = this.#files.get(path)
    if (found !== undefined && !(create && exclusive)) return found
    if (found !== undefined || !create) {
      const why = found === undefined ? 'does not exist' : 'already exists'
      throw new VfsFailure(SQLITE_CANTOPEN, path, `${path} ${why}`)
    }
    const stored = new StoredFile(++this.#made)
    this.#files.set(path, stored)
    return stored
  }

  #sharedMemory(stored: StoredFile): MemorySharedMemory {
    let regions = this.#shared.get(stored)
    if (regions === undefined) this.#shared.set(stored, (regions = new SharedRegions(this.#sqlite)))
    return new MemorySharedMemory(regions)
  }
}

const installed = new WeakMap<Sqlite, MemoryFileSystem>()

/** Registers the file system in memory. A second call returns the same one. */
export function installMemoryVfs(sqlite: Sqlite): MemoryFileSystem {
  let vfs = installed.get(sqlite)
  if (vfs === undefined) {
    vfs = new MemoryFileSystem(sqlite)
    registerVfs(sqlite, vfs)
    installed.set(sqlite, vfs)
  }
  return vfs
}
