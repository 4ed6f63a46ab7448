import { VecError } from '../../../core/errors.ts'
import type { SqliteConnection, SqliteValue } from '../../../database/sqlite-connection.ts'
import { oneOf, rowsOf, textIn } from '../../answer.ts'
import { withDeadline } from '../../deadline.ts'
import { firstWords } from '../../driver-session.ts'
import { upstreamFailure } from '../../failure.ts'
import { LETTER_BYTES, UTF8_LETTER } from '../../stored-rows.ts'
import type { UpstreamRow, UpstreamSession, UpstreamValue } from '../../upstream-session.ts'
import type { Upstream, UpstreamOptions } from '../../upstream.ts'
import { sqlite } from './dialect.ts'
import { sqliteFailure } from './failures.ts'

/**
 * A SQLite file: `sqliteUpstream(() => new Database(path))`. Each session opens its own connection, because its read
 * transaction stays open between steps.
 */
export function sqliteUpstream(
  open: () => SqliteConnection | Promise<SqliteConnection>,
  options: UpstreamOptions = {},
): Upstream {
  const { deadline = 30_000, description = 'SQLite' } = options
  return {
    ...sqlite,
    description,
    deadline,
    async connect() {
      const doing = `opening ${description}`
      const pending = Promise.resolve().then(open)
      try {
        const connection = await withDeadline(pending, deadline, doing, () => {
          pending.then(
            late => late.close?.(),
            () => undefined,
          )
        })
        const session = new SqliteSession(connection, description)
        try {
          await refuseEncoding(session, description)
        } catch (error) {
          session.destroy()
          throw error
        }
        return session
      } catch (error) {
        throw upstreamFailure(sqliteFailure(error), error, doing)
      }
    },
    async file(session) {
      const rows = await session.rows(`SELECT file FROM pragma_database_list WHERE name = 'main'`)
      const { file } = oneOf(rows)
      return typeof file === 'string' && file !== '' ? file : undefined
    },
  }
}

/** Text is read as bytes, which must be UTF-8. */
async function refuseEncoding(session: SqliteSession, description: string): Promise<void> {
  if (textIn(oneOf(await session.rows(LETTER_BYTES)), 'bytes') === UTF8_LETTER) return
  throw new VecError('SYNC_UPSTREAM', `${description} stores its text as UTF-16, expected UTF-8`, {
    hint: 'copy it into a new file: sqlite3 old.db .dump | sqlite3 new.db, without PRAGMA encoding',
  })
}

class SqliteSession implements UpstreamSession {
  readonly #connection: SqliteConnection
  readonly #description: string

  constructor(connection: SqliteConnection, description: string) {
    this.#connection = connection
    this.#description = description
  }

  rows(sql: string, parameters: readonly UpstreamValue[] = []): Promise<UpstreamRow[]> {
    return this.#step(sql, () => {
      // Statements like PRAGMA return rows where run() is expected, so a statement with rows always goes through
      // all().
      return rowsOf(this.#connection.prepare(sql).all(...(parameters as SqliteValue[])))
    })
  }

  run(sql: string, parameters: readonly UpstreamValue[] = []): Promise<number> {
    return this.#step(sql, () => {
      if (parameters.length > 0) {
        return Number(this.#connection.prepare(sql).run(...(parameters as SqliteValue[])).changes)
      }
      this.#connection.exec(sql)
      return 0
    })
  }

  close(): Promise<void> {
    this.destroy()
    return Promise.resolve()
  }

  destroy(): void {
    try {
      this.#connection.close?.()
    } catch {
      // It was closed before.
    }
  }

  /** Runs a step of the driver. Its errors become rejections, as from any other upstream. */
  async #step<T>(sql: string, work: () => T): Promise<T> {
    try {
      return work()
    } catch (error) {
      throw upstreamFailure(sqliteFailure(error), error, `${this.#description}, ${firstWords(sql)}`)
    }
  }
}
