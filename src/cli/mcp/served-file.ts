import { statSync } from 'node:fs'
import { withFileName } from '../../core/file-error.ts'
import type { Connection } from '../../entries/main.ts'
import { CliError } from '../cli-error.ts'

function gone(path: string): CliError {
  return new CliError('CLI_FILE', `${path} does not exist any more`, {
    hint: 'put the file back, or start svec mcp again with another path',
  })
}

/** A file that is served for a long time. Another program may replace it meanwhile: then it is opened again. */
export class ServedFile {
  readonly path: string
  readonly #open: () => Promise<Connection>
  #db: Connection | undefined
  #identity: string | undefined
  #opening: Promise<Connection> | undefined

  constructor(path: string, open: () => Promise<Connection>) {
    this.path = path
    this.#open = open
  }

  /** The connection to the file that is now at the path. It stays open for the rest of this turn of the event loop. */
  async connection(): Promise<Connection> {
    const identity = this.#identityNow()
    if (this.#db !== undefined) {
      if (identity === this.#identity) return this.#db
      if (identity === undefined) throw gone(this.path)
    }
    this.#opening ??= this.#reopen(identity).finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  close(): void {
    this.#db?.close()
    this.#db = undefined
  }

  async #reopen(before: string | undefined): Promise<Connection> {
    try {
      const db = await this.#open()
      const old = this.#db
      this.#db = db
      this.#identity = before ?? this.#identityNow()
      // A request may have received it just now.
      if (old) setImmediate(() => old.close())
      return db
    } catch (error) {
      throw withFileName(error, this.path)
    }
  }

  /** Identifies the file at the path; undefined if there is none. */
  #identityNow(): string | undefined {
    const found = statSync(this.path, { throwIfNoEntry: false })
    return found && `${found.dev}:${found.ino}`
  }
}
