import type { OpenedFile, SharedMemory, Vfs, VfsFile } from '../../src/sqlite/vfs/vfs.ts'

/** One call on a file system or one of its files. */
export interface VfsCall {
  readonly operation:
    | Exclude<keyof Vfs | keyof VfsFile, 'name' | 'path' | 'lockLevel' | 'sharedMemory'>
    | `sharedMemory.${keyof SharedMemory}`
  /** The file it is about; '' where none is. */
  readonly path: string
  /** Of a read or write. */
  readonly bytes: Uint8Array | undefined
  /** Of a read or write; the size of a truncate. */
  readonly offset: number
}

/** Gives the result of a call by making it, once, more often, or not at all. */
export type Around = <R>(call: VfsCall, go: (bytes?: Uint8Array) => R) => R

/** `inner` under another name, with `around` around each call on it and on its files: to inject faults, or to record. */
export function decoratedVfs(name: string, inner: Vfs, around: Around): Vfs {
  const call = <R>(operation: VfsCall['operation'], path: string, go: () => R): R =>
    around({ operation, path, bytes: undefined, offset: 0 }, go)
  return {
    name,
    open: (path, request) =>
      call('open', path ?? '', (): OpenedFile => {
        const { file, readonly } = inner.open(path, request)
        return { file: decoratedFile(file, around), readonly }
      }),
    delete: path => call('delete', path, () => inner.delete(path)),
    syncDirectory: path => call('syncDirectory', path, () => inner.syncDirectory(path)),
    access: (path, how) => call('access', path, () => inner.access(path, how)),
    fullPath: path => call('fullPath', path, () => inner.fullPath(path)),
    randomness: into => call('randomness', '', () => inner.randomness(into)),
    sleep: microseconds => call('sleep', '', () => inner.sleep(microseconds)),
    now: () => call('now', '', () => inner.now()),
  }
}

function decoratedMemory(path: string, memory: SharedMemory, around: Around): SharedMemory {
  const call = <R>(name: keyof SharedMemory, go: () => R): R =>
    around({ operation: `sharedMemory.${name}`, path, bytes: undefined, offset: 0 }, go)
  return {
    map: (...args) => call('map', () => memory.map(...args)),
    lock: (...args) => call('lock', () => memory.lock(...args)),
    unlock: (...args) => call('unlock', () => memory.unlock(...args)),
    barrier: () => memory.barrier(),
    unmap: remove => call('unmap', () => memory.unmap(remove)),
  }
}

function decoratedFile(file: VfsFile, around: Around): VfsFile {
  const { path } = file
  const call = <R>(operation: VfsCall['operation'], go: () => R, offset = 0): R =>
    around({ operation, path, bytes: undefined, offset }, go)
  return {
    path,
    read: (bytes, offset) =>
      around({ operation: 'read', path, bytes, offset }, (part = bytes) => file.read(part, offset)),
    write: (bytes, offset) =>
      around({ operation: 'write', path, bytes, offset }, (part = bytes) =>
        file.write(part, offset),
      ),
    truncate: size => call('truncate', () => file.truncate(size), size),
    sync: dataOnly => call('sync', () => file.sync(dataOnly)),
    size: () => call('size', () => file.size()),
    close: () => call('close', () => file.close()),
    get lockLevel() {
      return file.lockLevel
    },
    lock: level => call('lock', () => file.lock(level)),
    unlock: level => call('unlock', () => file.unlock(level)),
    checkReserved: () => call('checkReserved', () => file.checkReserved()),
    sharedMemory: file.sharedMemory && decoratedMemory(path, file.sharedMemory, around),
    hasMoved: () => call('hasMoved', () => file.hasMoved()),
  }
}
