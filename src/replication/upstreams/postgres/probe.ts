import { oneOf } from '../../answer.ts'
import type { ServerFacts, ServerProblem, UpstreamSession } from '../../upstream-session.ts'

/** The facts about a PostgreSQL server. */
export async function probePostgres(
  session: UpstreamSession,
  capture: 'trigger' | 'app',
): Promise<ServerFacts> {
  const facts = oneOf(
    await session.rows(`SELECT current_setting('server_version') AS version, current_setting('server_version_num')::text AS number,
  current_setting('server_encoding') AS encoding, current_setting('default_transaction_isolation') AS isolation,
  current_user::text AS "user", current_schema()::text AS schema,
  has_schema_privilege(current_schema(), 'CREATE')::int::text AS may_create,
  pg_is_in_recovery()::int::text AS standby`),
  )
  const problems: ServerProblem[] = []
  const remarks: ServerProblem[] = []
  const version = String(facts['version'])
  if (Number(facts['number']) < 140_000) {
    problems.push({ what: `PostgreSQL ${version} is too old`, change: 'upgrade to 14 or later' })
  }
  if (facts['encoding'] !== 'UTF8') {
    problems.push({
      what: `the database's encoding is ${String(facts['encoding'])}`,
      change: `create it with ENCODING 'UTF8'`,
    })
  }
  if (facts['standby'] === '1') {
    problems.push({ what: 'this server is a standby', change: 'connect to the primary' })
  }
  if (facts['may_create'] !== '1') {
    const schema = typeof facts['schema'] === 'string' ? facts['schema'] : 'public'
    problems.push({
      what: `${String(facts['user'])} may not create ${capture === 'trigger' ? 'tables and functions' : 'tables'} in schema ${schema}`,
      change: `GRANT CREATE, USAGE ON SCHEMA "${schema}" TO "${String(facts['user'])}"`,
    })
  }
  if (facts['isolation'] !== 'read committed') {
    remarks.push({
      what: `default_transaction_isolation is ${String(facts['isolation'])}: concurrent writers will get error 40001`,
      change: 'let writers use READ COMMITTED, or retry a transaction that fails with it',
    })
  }
  return { product: 'PostgreSQL', version, problems, remarks }
}
