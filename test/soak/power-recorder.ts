import { dirname } from 'node:path'
import type { Around, VfsCall } from '../engine/decorated-vfs.ts'
import type { FolderContents } from './disk-folder.ts'
import type { DiskEvent } from './power-log.ts'

/** Writes down what reaches the disk through a watched file system. */
export class Recorder {
  readonly events: DiskEvent[] = []
  readonly #numbers = new Map<string, number>()
  #files = 0

  /** `before`: the files that are there, numbered from 1 as `Disk` does. */
  constructor(before: FolderContents) {
    for (const path of before.keys()) this.#numbers.set(path, ++this.#files)
  }

  readonly around: Around = (call, go) => {
    const result = go()
    this.#record(call, result)
    return result
  }

  #record({ operation, path, bytes, offset }: VfsCall, result: unknown): void {
    // A temporary file is of no use after a crash.
    if (path === '') return
    if (operation === 'open') {
      if (this.#numbers.has(path)) return
      const file = ++this.#files
      this.#numbers.set(path, file)
      this.events.push({ kind: 'create', path, file })
      return
    }
    if (operation === 'delete') {
      if (result !== true) return
      this.#numbers.delete(path)
      this.events.push({ kind: 'unlink', path })
      return
    }
    if (operation === 'syncDirectory') {
      this.events.push({ kind: 'sync-folder', folder: dirname(path) })
      return
    }
    const file = this.#numbers.get(path)
    if (file === undefined) return
    if (operation === 'write') {
      const written = bytes!.slice(0, result as number)
      this.events.push({ kind: 'write', file, at: offset, bytes: written })
    } else if (operation === 'truncate') this.events.push({ kind: 'truncate', file, size: offset })
    else if (operation === 'sync') this.events.push({ kind: 'sync', file })
  }
}
