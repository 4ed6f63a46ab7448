import { VecError } from '../../../core/errors.ts'
import type { WasmModule } from '../../../core/wasm-memory.ts'
import type { OpenOptions } from '../../open-options.ts'
import { SQLITE_CANTOPEN } from '../../result-codes.ts'
import { lastVfsError } from '../../vfs/vfs-errors.ts'
import type { Sqlite } from '../../wasm/wasm.ts'
import { fetchWasm } from '../fetch-wasm.ts'
import type { DatabaseHeader, Platform } from '../platform.ts'
import { shippedWasm } from '../shipped-wasm.ts'
import { installMemoryVfs, type MemoryFileSystem } from './memory-vfs.ts'

const MAGIC = 'SQLite format 3\0'
const HEADER_BYTES = 100

/** sqlite3.wasm from a URL; undefined means the shipped file. */
export async function readWasm(location: string | undefined): Promise<WasmModule | Uint8Array> {
  return await fetchWasm(location ?? shippedWasm().href)
}

/**
 * Runtimes without files, such as workerd: databases live in the memory of the thread. A named file must be requested
 * explicitly, as `file:app.sqlite?vfs=memory`, so that a database that is gone after a reload is not taken for a
 * lasting one.
 */
export function createPlatform(sqlite: Sqlite): Platform {
  const files = installMemoryVfs(sqlite)
  return {
    vfs: files.name,
    lockSupport: () => ({ kind: 'none', reason: 'this platform does not have files on a disk' }),
    check: (uri, options) => checkFile(files, uri, options),
    checkOpened: () => undefined,
    explain: failure => explain(failure),
    identify: path => files.identify(pathOf(path)),
    locate: path => {
      const full = files.fullPath(pathOf(path)).path
      return files.identify(full) === undefined ? undefined : full
    },
    isUnder: (path, root) =>
      path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`),
    remove: path => void files.delete(files.fullPath(pathOf(path)).path),
    readHeader: path => headerOf(files.contents(pathOf(path)) ?? new Uint8Array(0)),
  }
}

function checkFile(files: MemoryFileSystem, uri: string, options: OpenOptions): void {
  if (!/^file:[^?]*\?([^#]*&)?vfs=memory(&|#|$)/.test(uri)) {
    throw new VecError(
      'VEC_ENGINE',
      `cannot open ${uri}: this platform does not have files on a disk`,
      {
        hint: "use ':memory:', or file:NAME?vfs=memory for a file in the memory of this thread",
      },
    )
  }
  const exists = files.identify(pathOf(uri)) !== undefined
  if (exists || (!options.readonly && options.create !== false)) return
  throw new VecError(
    'SQLITE_CANTOPEN',
    `cannot open database: ${uri} does not exist in the memory of this thread`,
    { hint: 'open it for writing first, without create: false', extendedCode: SQLITE_CANTOPEN },
  )
}

const FILE_ERRORS: ReadonlySet<string> = new Set(['SQLITE_CANTOPEN', 'SQLITE_IOERR', 'SQLITE_FULL'])

function explain(failure: VecError): VecError | undefined {
  const isFileError = FILE_ERRORS.has(failure.code)
  const known = isFileError ? lastVfsError(failure.extendedCode) : undefined
  if (known === undefined) return undefined
  return new VecError(failure.code, `${failure.message}: ${known.message}`, {
    extendedCode: failure.extendedCode,
    ...(known.hint === undefined ? {} : { hint: known.hint }),
  })
}

/** The path that a file: URI names. */
export function pathOf(name: string): string {
  if (!name.startsWith('file:')) return name
  return decodeURIComponent(name.slice('file:'.length).replace(/[?#].*$/, ''))
}

/** The facts in the first bytes of a database. */
export function headerOf(bytes: Uint8Array): DatabaseHeader {
  if (bytes.length === 0) return 'empty'
  const magic = new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length))
  if (bytes.length < HEADER_BYTES || magic !== MAGIC) return 'not-a-database'
  // Bytes 18 and 19 are the write and read versions of the file format: 1 is a rollback journal, 2 is WAL.
  return { journalMode: bytes[19] === 2 ? 'wal' : 'delete', encoding: 'UTF-8' }
}
