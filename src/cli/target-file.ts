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
import { CliError } from './cli-error.ts'

/** A file that appears under its name when it is complete, and not at all otherwise. */
export class TargetFile {
  readonly path: string
  readonly #part: string
  #fd: number | undefined

  /** `others` are files that the command needs: writing over one of them would destroy it. */
  constructor(path: string, overwrite: boolean, others: readonly string[]) {
    const taken = others.find(other => isSame(path, other))
    if (taken !== undefined) {
      throw new CliError('CLI_FILE', `${path} is the file ${taken} itself`, {
        hint: 'name another file to write',
      })
    }
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw new CliError('CLI_FILE', `${path} is a folder: a file is expected`, {
        hint: 'name a file in it',
      })
    }
    if (!overwrite && existsSync(path)) {
      throw new CliError('CLI_FILE', `${path} exists already`, {
        hint: '--force writes over it',
      })
    }
    this.path = path
    this.#part = `${path}.part-${process.pid}`
    this.#fd = openSync(this.#part, 'w')
  }

  write(data: string | Uint8Array): void {
    if (this.#fd === undefined) throw new Error(`${this.path} is closed`)
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at)
  }

  /** Gives it its name. */
  finish(): void {
    if (this.#fd === undefined) return
    fsyncSync(this.#fd)
    closeSync(this.#fd)
    this.#fd = undefined
    renameSync(this.#part, this.path)
  }

  /** Leaves nothing behind, unless it is finished. */
  discard(): void {
    if (this.#fd === undefined) return
    closeSync(this.#fd)
    this.#fd = undefined
    rmSync(this.#part, { force: true })
  }
}

function isSame(a: string, b: string): boolean {
  if (resolve(a) === resolve(b)) return true
  return existsSync(a) && existsSync(b) && realpathSync(a) === realpathSync(b)
}
