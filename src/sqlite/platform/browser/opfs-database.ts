import { VecError } from '../../../core/errors.ts'
import { SQLITE_BUSY, SQLITE_CANTOPEN, SQLITE_FULL } from '../../result-codes.ts'
import { VfsFailure } from '../../vfs/vfs-errors.ts'
import type { MemoryFile, StoredBytes } from '../memory/memory-file.ts'

/** The folder, at the root of the origin private file system, with one folder for each database. */
const ROOT = '.sqlite-vec-ts'

/**
 * The files of one database. A browser returns their handles by Promises, so all are opened before SQLite asks for
 * them.
 */
const PARTS = ['main', 'journal', 'wal'] as const
export type Part = (typeof PARTS)[number]

/** One file of the origin private file system. While it is open, no other thread can open it. */
class OpfsFile implements StoredBytes {
  readonly opened: Set<MemoryFile> = new Set()
  readonly #handle: FileSystemSyncAccessHandle
  readonly #path: string
  size: number

  constructor(handle: FileSystemSyncAccessHandle, path: string) {
    this.#handle = handle
    this.#path = path
    this.size = handle.getSize()
  }

  read(into: Uint8Array, offset: number): number {
    return this.#handle.read(into, { at: offset })
  }

  write(bytes: Uint8Array, offset: number): number {
    const written = this.#written(bytes as Uint8Array<ArrayBuffer>, offset)
    this.size = Math.max(this.size, offset + written)
    return written
  }

  /** Throws VfsFailure SQLITE_FULL when the browser gives no more space. */
  #written(bytes: Uint8Array<ArrayBuffer>, at: number): number {
    try {
      return this.#handle.write(bytes, { at })
    } catch (cause) {
      if (!isNamed(cause, 'QuotaExceededError')) throw cause
      throw new VfsFailure(SQLITE_FULL, this.#path, NO_SPACE(this.#path), {
        hint: MORE_SPACE,
        errno: 'QuotaExceededError',
        cause,
      })
    }
  }

  truncate(size: number): void {
    this.#handle.truncate(size)
    this.size = size
  }

  sync(): void {
    this.#handle.flush()
  }

  close(): void {
    this.#handle.close()
  }
}

/** A database in the origin private file system. Only this thread has its files open. */
export class OpfsDatabase {
  readonly path: string
  readonly #files: Readonly<Record<Part, OpfsFile>>

  private constructor(path: string, files: Readonly<Record<Part, OpfsFile>>) {
    this.path = path
    this.#files = files
  }

  /**
   * Throws VecError: SQLITE_CANTOPEN when the database is missing and `create` is false, SQLITE_BUSY when another
   * thread has it open.
   */
  static async open(path: string, create: boolean): Promise<OpfsDatabase> {
    const handles: FileSystemSyncAccessHandle[] = []
    try {
      const folder = await folderOf(path, create)
      for (const part of PARTS) {
        const file = await folder.getFileHandle(part, { create: true })
        handles.push(await file.createSyncAccessHandle())
      }
    } catch (error) {
      for (const handle of handles) handle.close()
      throw explained(path, error)
    }
    const [main, journal, wal] = handles.map(handle => new OpfsFile(handle, path))
    return new OpfsDatabase(path, { main, journal, wal })
  }

  file(part: Part): StoredBytes {
    return this.#files[part]
  }

  /** Whether a connection of this thread uses it. */
  get isInUse(): boolean {
    return PARTS.some(part => this.#files[part].opened.size > 0)
  }

  close(): void {
    for (const part of PARTS) this.#files[part].close()
  }
}

/** The storage of this origin. Throws VecError VEC_ENGINE outside of browsers. */
export function originStorage(): StorageManager {
  const storage = (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage
  if (storage !== undefined && 'getDirectory' in storage) return storage
  throw new VecError('VEC_ENGINE', 'this runtime does not store files for an origin', {
    hint: 'browsers do, on pages served over https or from localhost; elsewhere open() takes paths',
  })
}

async function root(): Promise<FileSystemDirectoryHandle> {
  const storage = originStorage()
  try {
    const top = await storage.getDirectory()
    return await top.getDirectoryHandle(ROOT, { create: true })
  } catch (error) {
    throw explained('the storage of this origin', error)
  }
}

/** Encodes a path, since names of folders cannot hold every character. */
const folderName = (path: string): string => encodeURIComponent(path.replace(/^\/+/, ''))

async function folderOf(path: string, create: boolean): Promise<FileSystemDirectoryHandle> {
  const top = await root()
  try {
    return await top.getDirectoryHandle(folderName(path), { create })
  } catch (cause) {
    if (!isNamed(cause, 'NotFoundError')) throw cause
    throw new VecError(
      'SQLITE_CANTOPEN',
      `cannot open database: ${path} does not exist in the storage of this origin`,
      {
        hint: 'open it for writing first, without create: false',
        extendedCode: SQLITE_CANTOPEN,
        cause,
      },
    )
  }
}

/** The folders of all databases. */
export async function databaseFolders(): Promise<string[]> {
  const names: string[] = []
  for await (const name of (await root()).keys()) names.push(decodeURIComponent(name))
  return names
}

/** Removes a database with all its files. Throws VecError SQLITE_BUSY while it is open. */
export async function removeDatabase(path: string): Promise<void> {
  try {
    await (await root()).removeEntry(folderName(path), { recursive: true })
  } catch (error) {
    throw explained(path, error)
  }
}

const isNamed = (error: unknown, name: string): boolean =>
  error instanceof DOMException && error.name === name

const NO_SPACE = (path: string): string => `the browser gives no more space for ${path}`
const MORE_SPACE =
  'delete databases with deleteDatabase(), or free space on this device; storageReport() returns the used and allowed space'

/** A VecError in place of an error of the browser. */
function explained(path: string, error: unknown): unknown {
  if (!(error instanceof DOMException)) return error
  if (isNamed(error, 'NoModificationAllowedError')) return busy(path, error)
  if (isNamed(error, 'QuotaExceededError')) return full(path, error)
  return new VecError(
    'VEC_ENGINE',
    `the browser refuses to give files for ${path}: ${error.message}`,
    {
      hint: "allow this site to store data, and leave a private window; ':memory:' needs no files",
      cause: error,
    },
  )
}

/** There is no space left. */
export function full(path: string, cause: unknown): VecError {
  return new VecError('SQLITE_FULL', NO_SPACE(path), {
    hint: MORE_SPACE,
    extendedCode: SQLITE_FULL,
    cause,
  })
}

function busy(path: string, cause: unknown): VecError {
  return new VecError('SQLITE_BUSY', `${path} is open in another tab or worker`, {
    hint: 'close it there: one worker at a time can have a file open',
    extendedCode: SQLITE_BUSY,
    cause,
  })
}
