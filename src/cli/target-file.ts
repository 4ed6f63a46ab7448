import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { CliError } from './cli-error.ts'

/** A file that appears under its name when it is complete, and not at all otherwise. */
export class TargetFile {
  readonly path: string
  readonly #part: string
  #fd: number | undefined

  constructor(path: string, overwrite: boolean) {
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
