import { oneOf } from '../../answer.ts'
import type { ServerFacts, ServerProblem, UpstreamSession } from '../../upstream-session.ts'
import { compareVersions } from '../../version.ts'

/** The facts about a SQLite library and file. */
export async function probeSqlite(session: UpstreamSession): Promise<ServerFacts> {
  const facts = oneOf(await session.rows('SELECT sqlite_version() AS version'))
  const version = String(facts['version'])
  const problems: ServerProblem[] = []
  const remarks: ServerProblem[] = []
  if (compareVersions(version.split('.').map(Number), [3, 38, 0]) < 0) {
    problems.push({ what: `SQLite ${version} is too old`, change: 'use 3.38 or later' })
  }
  const mode = oneOf(await session.rows('SELECT journal_mode FROM pragma_journal_mode'))
  if (mode['journal_mode'] !== 'wal') {
    remarks.push({
      what: `journal_mode is ${String(mode['journal_mode'])}: readers and writers block each other`,
      change: 'PRAGMA journal_mode = WAL',
    })
  }
  return { product: 'SQLite', version, problems, remarks }
}
