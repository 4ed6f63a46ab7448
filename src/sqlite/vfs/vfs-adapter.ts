import { VecError } from '../../core/errors.ts'
import {
  SQLITE_OK,
  SQLITE_CANTOPEN,
  SQLITE_CANTOPEN_FULLPATH,
  SQLITE_IOERR_ACCESS,
  SQLITE_IOERR_DELETE,
  SQLITE_IOERR_DELETE_NOENT,
  SQLITE_MISUSE,
  SQLITE_OK_SYMLINK,
} from '../result-codes.ts'
import { type Pointer, type Sqlite } from '../wasm/wasm.ts'
import { VfsFailure, lastMessage, report } from './vfs-errors.ts'
import { AdaptedFile, OpenFiles, ioMethods } from './vfs-files.ts'
import { pathReader } from './vfs-path-reader.ts'
import {
  type Field,
  type VfsMethods,
  ioMethodsLayout,
  makeStruct,
  methodFields,
  vfsLayout,
} from './vfs-struct.ts'
import type { Access, FileKind, OpenRequest, Vfs } from './vfs.ts'

/** The limit of SQLite's own unix VFS, so that native programs can open every file we can. */
const MAX_PATH_BYTES = 512

const OPEN_READONLY = 0x1
const OPEN_READWRITE = 0x2
const OPEN_CREATE = 0x4
const OPEN_DELETEONCLOSE = 0x8
const OPEN_EXCLUSIVE = 0x10

const kinds: readonly (readonly [flag: number, kind: FileKind])[] = [
  [0x100, 'main-db'],
  [0x800, 'main-journal'],
  [0x80000, 'wal'],
  [0x4000, 'super-journal'],
  [0x200, 'temp-db'],
  [0x1000, 'temp-journal'],
  [0x400, 'transient-db'],
  [0x2000, 'subjournal'],
]

/** SQLITE_ACCESS_EXISTS, _READWRITE and _READ. */
const accesses: readonly Access[] = ['exists', 'readwrite', 'read']

/** Milliseconds from noon of 24 November 4714 BC, where SQLite's clock starts, to 1970. */
const JULIAN_EPOCH_MS = 210866760000000

const adapters = new WeakMap<Sqlite, Adapter>()

/**
 * Registers `vfs` with SQLite under its name, for the lifetime of this SQLite. Throws VecError VEC_ENGINE when the
 * name is taken or SQLite refuses the VFS.
 */
export function registerVfs(sqlite: Sqlite, vfs: Vfs): void {
  let adapter = adapters.get(sqlite)
  if (adapter === undefined) {
    adapter = new Adapter(sqlite)
    adapters.set(sqlite, adapter)
  }
  adapter.register(vfs)
}

/** The C functions that all file systems of a SQLite share. Their first argument selects the file system. */
class Adapter {
  readonly #sqlite: Sqlite
  readonly #registered = new Map<Pointer, Vfs>()
  readonly #methods: readonly Field[]

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
    const files = new OpenFiles()
    const io = methodFields(sqlite, ioMethodsLayout, ioMethods(sqlite, files))
    const pIo = (version: number): Pointer =>
      makeStruct(sqlite, ioMethodsLayout, [[0, version], ...io])
    const methods = vfsMethods(sqlite, this.#registered, files, { plain: pIo(1), shared: pIo(2) })
    this.#methods = methodFields(sqlite, vfsLayout, methods)
  }

  register(vfs: Vfs): void {
    const sqlite = this.#sqlite
    if ([...this.#registered.values()].some(({ name }) => name === vfs.name))
      throw new VecError('VEC_ENGINE', `a file system called '${vfs.name}' is already registered`)
    const pVfs = makeStruct(sqlite, vfsLayout, [
      [0, 2], // iVersion
      [4, 4], // szOsFile: one pointer, to the methods
      [8, MAX_PATH_BYTES],
      [16, sqlite.ownedCString(vfs.name)],
      ...this.#methods,
    ])
    // SQLite seeds its random numbers from the default file system. Its built-in one finds no /dev/urandom here, and
    // would use only the time.
    const isDefault = this.#registered.size === 0 ? 1 : 0
    const code = sqlite.raw.sqlite3_vfs_register(pVfs, isDefault)
    if (code !== SQLITE_OK)
      throw new VecError('VEC_ENGINE', `SQLite refused the file system: code ${code}`)
    this.#registered.set(pVfs, vfs)
  }
}

function vfsMethods(
  sqlite: Sqlite,
  registered: ReadonlyMap<Pointer, Vfs>,
  files: OpenFiles,
  /** sqlite3_io_methods of files without and with shared memory. */
  pMethods: { readonly plain: Pointer; readonly shared: Pointer },
): VfsMethods {
  const paths = pathReader(sqlite)

  /** Reads the path, finds the file system, and lets no exception cross into C. */
  function guarded(
    code: number,
    method: (vfs: Vfs, path: string | null, b: number, c: number, d: number) => number,
  ) {
    return (pVfs: Pointer, pName: Pointer, b: number, c: number, d: number): number => {
      let path: string | null = null
      try {
        const vfs = registered.get(pVfs)
        if (vfs === undefined) return SQLITE_MISUSE
        if (pName !== 0) path = paths.read(pName)
        return method(vfs, path, b, c, d)
      } catch (error) {
        return report(error, code, path ?? 'a temporary file')
      }
    }
  }

  return {
    xOpen: guarded(SQLITE_CANTOPEN, (vfs, path, pFile: Pointer, flags, pOutFlags: Pointer) => {
      sqlite.poke32(pFile, 0)
      const request = openRequest(flags)
      const opened = vfs.open(path, request)
      files.set(pFile, new AdaptedFile(vfs, opened.file, request))
      sqlite.poke32(pFile, opened.file.sharedMemory ? pMethods.shared : pMethods.plain)
      if (pOutFlags !== 0) sqlite.poke32(pOutFlags, outFlags(flags, opened.readonly))
      return SQLITE_OK
    }),

    xDelete: guarded(SQLITE_IOERR_DELETE, (vfs, path, syncDirectory) => {
      // SQLite removes many files that never existed.
      if (path === null || !vfs.delete(path)) return SQLITE_IOERR_DELETE_NOENT
      if (syncDirectory & 1) vfs.syncDirectory(path)
      else if (path.endsWith('-journal')) files.unsyncedRemovals.add(path)
      return SQLITE_OK
    }),

    xAccess: guarded(SQLITE_IOERR_ACCESS, (vfs, path, what, pOut: Pointer) => {
      sqlite.poke32(pOut, 0)
      const allowed = path !== null && vfs.access(path, accesses[what] ?? 'exists')
      sqlite.poke32(pOut, allowed ? 1 : 0)
      return SQLITE_OK
    }),

    xFullPathname: guarded(SQLITE_CANTOPEN_FULLPATH, (vfs, given, bytes, pOut: Pointer) => {
      const { path, symlink } = vfs.fullPath(given ?? '')
      const text = new TextEncoder().encode(path)
      if (text.length + 1 > bytes) {
        const message = `${path}: the path has ${text.length} bytes, but SQLite allows at most ${bytes - 1}`
        throw new VfsFailure(SQLITE_CANTOPEN_FULLPATH, path, message)
      }
      const heap = sqlite.u8
      heap.set(text, pOut)
      heap[pOut + text.length] = 0
      return symlink ? SQLITE_OK_SYMLINK : SQLITE_OK
    }),

    xRandomness(pVfs: Pointer, bytes: number, p: Pointer) {
      try {
        registered.get(pVfs)?.randomness(sqlite.u8.subarray(p, p + bytes))
        return bytes
      } catch {
        return 0
      }
    },

    xSleep(pVfs: Pointer, microseconds: number) {
      registered.get(pVfs)?.sleep(microseconds)
      return microseconds
    },

    xCurrentTime(pVfs: Pointer, pDays: Pointer) {
      sqlite.pokeDouble(pDays, julian(registered.get(pVfs)) / 86400000)
      return SQLITE_OK
    },

    xCurrentTimeInt64(pVfs: Pointer, pMs: Pointer) {
      sqlite.poke64(pMs, BigInt(julian(registered.get(pVfs))))
      return SQLITE_OK
    },

    xGetLastError(_pVfs, bytes: number, p: Pointer) {
      if (bytes <= 0 || p === 0) return 0
      const text = new TextEncoder().encode(lastMessage()).subarray(0, bytes - 1)
      sqlite.u8.set(text, p)
      sqlite.u8[p + text.length] = 0
      return 0
    },
  }
}

function openRequest(flags: number): OpenRequest {
  return {
    kind: kinds.find(([flag]) => (flags & flag) !== 0)?.[1] ?? 'transient-db',
    write: (flags & OPEN_READWRITE) !== 0,
    create: (flags & OPEN_CREATE) !== 0,
    exclusive: (flags & OPEN_EXCLUSIVE) !== 0,
    deleteOnClose: (flags & OPEN_DELETEONCLOSE) !== 0,
  }
}

function outFlags(asked: number, readonly: boolean): number {
  return readonly ? (asked & ~(OPEN_READWRITE | OPEN_CREATE)) | OPEN_READONLY : asked
}

function julian(vfs: Vfs | undefined): number {
  return Math.trunc(vfs?.now() ?? 0) + JULIAN_EPOCH_MS
}
