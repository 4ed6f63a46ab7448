import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { resolve } from 'node:path'
import type { Sink } from './export-run.ts'
import { optionText, sourceError } from './interchange-error.ts'

/**
 * A file that appears under its name when it is complete, and not at all otherwise. A link stays a link: its target
 * is replaced. A terminal, /dev/null or a pipe is written directly, since replacing it would destroy it.
 */
export class TargetFile implements Sink {
  readonly path: string
  /** The temporary file with what is written so far; undefined for a direct write. */
  readonly #part: string | undefined
  readonly #place: string
  #fd: number | undefined

  /** `others` are files that the command needs: overwriting one of them would destroy it. */
  constructor(path: string, overwrite: boolean, others: readonly string[]) {
    const taken = others.find(other => isSame(path, other))
    if (taken !== undefined) {
      throw sourceError(`${path} is the file ${taken} itself`, 'choose another output file')
    }
    const known = statSync(path, { throwIfNoEntry: false })
    if (known?.isDirectory() === true) {
      throw sourceError(`${path} is a folder: expected a file`, 'name a file in it')
    }
    const isStream = known?.isCharacterDevice() === true || known?.isFIFO() === true
    if (known && !isStream && !known.isFile()) {
      throw sourceError(`${path} is a device or a socket: expected a file`, 'choose a regular file')
    }
    if (known && !isStream && !overwrite) {
      throw sourceError(`${path} already exists`, `to replace it: ${optionText('overwrite', true)}`)
    }
    this.path = path
    this.#place = known ? realpathSync(path) : path
    this.#part = isStream ? undefined : `${this.#place}.part-${process.pid}`
    this.#fd = this.#named(() => openSync(this.#part ?? path, 'w'))
  }

  write(data: string | Uint8Array): void {
    if (this.#fd === undefined) throw new Error(`${this.path} is closed`)
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    const fd = this.#fd
    this.#named(() => {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at)
    })
  }

  /** Renames the finished file to its name. */
  finish(): void {
    if (this.#fd === undefined) return
    const fd = this.#fd
    const part = this.#part
    this.#named(() => {
      if (part !== undefined) fsyncSync(fd)
      closeSync(fd)
      this.#fd = undefined
      if (part !== undefined) renameSync(part, this.#place)
    })
  }

  /** Removes the temporary file, unless the file is finished. */
  discard(): void {
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
    if (this.#part !== undefined) rmSync(this.#part, { force: true })
  }

  /** Makes errors name the file that the user gave, not the temporary one. */
  #named<R>(task: () => R): R {
    try {
      return task()
    } catch (error) {
      throw Object.assign(error as NodeJS.ErrnoException, { path: this.path })
    }
  }
}

function isSame(a: string, b: string): boolean {
  if (resolve(a) === resolve(b)) return true
  return existsSync(a) && existsSync(b) && realpathSync(a) === realpathSync(b)
}
