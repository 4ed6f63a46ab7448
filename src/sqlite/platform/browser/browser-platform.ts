import { VecError } from '../../../core/errors.ts'
import { registerVfs } from '../../vfs/vfs-adapter.ts'
import type { Sqlite } from '../../wasm/wasm.ts'
import {
  createPlatform as createMemoryPlatform,
  headerOf,
  pathOf,
} from '../memory/memory-platform.ts'
import { installMemoryVfs } from '../memory/memory-vfs.ts'
import type { Platform } from '../platform.ts'
import { OpfsFileSystem } from './opfs-vfs.ts'

export { readWasm } from '../memory/memory-platform.ts'

const IN_MEMORY = /^file:[^?]*\?([^#]*&)?vfs=memory(&|#|$)/

/** Browsers: files in the origin private file system, in workers; databases in memory on any thread. */
export function createPlatform(sqlite: Sqlite): Platform {
  const memory = createMemoryPlatform(sqlite)
  const files = new OpfsFileSystem(sqlite, installMemoryVfs(sqlite))
  registerVfs(sqlite, files)
  const full = (path: string): string => files.fullPath(pathOf(path)).path
  return {
    ...memory,
    vfs: files.name,
    lockSupport: () => ({ kind: 'none', reason: 'one worker at a time has a file of a browser' }),
    async prepare(path, create) {
      if (IN_MEMORY.test(path)) return
      requireFiles(path)
      await files.prepare(full(path), create)
    },
    check(path, options) {
      if (IN_MEMORY.test(path)) return memory.check(path, options)
      requireFiles(path)
      if (files.database(full(path)) !== undefined) return
      throw new VecError('VEC_ENGINE', `${path} is not open in this worker`, {
        hint: 'await open() instead of calling openConnection(): a browser gives files only by Promises',
      })
    },
    identify: path => (files.database(full(path)) ? `opfs:${full(path)}` : memory.identify(path)),
    locate: (path, beside) =>
      files.database(full(path)) ? full(path) : memory.locate(path, beside),
    remove: path => (files.database(full(path)) ? undefined : memory.remove(path)),
    readHeader(path) {
      const bytes = firstBytes(files, full(path))
      return bytes === undefined ? memory.readHeader(path) : headerOf(bytes)
    },
  }
}

function firstBytes(files: OpfsFileSystem, path: string): Uint8Array | undefined {
  const main = files.database(path)?.file('main')
  if (main === undefined) return undefined
  const bytes = new Uint8Array(Math.min(100, main.size))
  main.read(bytes, 0)
  return bytes
}

/** Throws VecError VEC_ENGINE where files are missing: on the main thread of a page, or without a file system. */
function requireFiles(path: string): void {
  const hasFiles =
    typeof FileSystemFileHandle === 'function' &&
    'createSyncAccessHandle' in FileSystemFileHandle.prototype
  if (hasFiles) return
  throw new VecError(
    'VEC_ENGINE',
    `cannot open ${path}: this thread cannot reach files on a disk`,
    {
      hint: "in a browser call open() in a worker; elsewhere use ':memory:', or file:NAME?vfs=memory",
    },
  )
}
