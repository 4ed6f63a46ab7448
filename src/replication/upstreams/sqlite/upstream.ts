import { VecError } from '../../../core/errors.ts'
import { oneOf, rowsOf, textIn } from '../../answer.ts'
import type { SqliteConnection, SqliteValue } from '../../connection.ts'
import { withDeadline } from '../../deadline.ts'
import { upstreamFailure } from '../../failure.ts'
import { sqliteLegacy } from '../../legacy/sqlite.ts'
import { LETTER_BYTES, UTF8_LETTER } from '../../stored-rows.ts'
import type {
  Upstream,
  UpstreamOptions,
  UpstreamRow,
  UpstreamSession,
  UpstreamValue,
} from '../../upstream.ts'
import { sqliteFailure } from './failures.ts'
import { probeSqlite } from './probe.ts'
import { sqliteSql } from './sql.ts'

/**
 * A SQLite file: `sqliteUpstream(() => new Database(path))`. Each session opens a connection of its own, because its
 * read transaction stays open between steps.
 */
export function sqliteUpstream(
  open: () => SqliteConnection | Promise<SqliteConnection>,
  options: UpstreamOptions = {},
): Upstream {
  const description = options.description ?? 'SQLite'
  const deadline = options.deadline ?? 30_000
  return {
    database: 'sqlite',
    description,
    deadline,
    sql: sqliteSql,
    legacy: sqliteLegacy,
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
    probe: probeSqlite,
    async columns(session, table) {
      const rows = await session.rows(
        `SELECT name, CAST(pk AS TEXT) AS part FROM pragma_table_info(?) ORDER BY cid`,
        [table],
      )
      const key = rows.filter(row => row['part'] !== '0')
      return {
        columns: rows.map(row => textIn(row, 'name')),
        key: key
          .toSorted((a, b) => Number(a['part']) - Number(b['part']))
          .map(row => textIn(row, 'name')),
      }
    },
    async runDdl(session, _table, statements) {
      await session.run('BEGIN IMMEDIATE')
      for (const statement of statements) await session.run(statement)
      await session.run('COMMIT')
    },
    packetBytes: () => Promise.resolve(64 * 1024 * 1024),
    async file(session) {
      const rows = await session.rows(`SELECT file FROM pragma_database_list WHERE name = 'main'`)
      const { file } = oneOf(rows)
      return typeof file === 'string' && file !== '' ? file : undefined
    },
  }
}

/** Text is read as bytes, and they must be UTF-8. */
async function refuseEncoding(session: SqliteSession, description: string): Promise<void> {
  if (textIn(oneOf(await session.rows(LETTER_BYTES)), 'bytes') === UTF8_LETTER) return
  throw new VecError('SYNC_UPSTREAM', `${description} holds its text as UTF-16, expected UTF-8`, {
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
      // PRAGMA and the like give rows where run() is wanted; a statement with rows is always asked for through here.
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
      // closed before
    }
  }

  /** Errors come as rejections, like from any other upstream. */
  async #step<T>(sql: string, work: () => T): Promise<T> {
    try {
      return work()
    } catch (error) {
      throw upstreamFailure(
        sqliteFailure(error),
        error,
        `${this.#description}, ${sql.split(/\s+/, 3).join(' ')}`,
      )
    }
  }
}
