import { oneOf } from '../../answer.ts'
import type { ServerFacts, ServerProblem, UpstreamSession } from '../../upstream-session.ts'
import { compareVersions } from '../../version.ts'

/** The facts about a MySQL or MariaDB server. */
export async function probeMysql(
  session: UpstreamSession,
  capture: 'trigger' | 'app',
): Promise<ServerFacts> {
  const facts = oneOf(
    await session.rows(`SELECT VERSION() AS version, CURRENT_USER() AS user, DATABASE() AS db,
  CAST(@@max_allowed_packet AS CHAR) AS packet, CAST(@@log_bin AS CHAR) AS log_bin,
  CAST(@@log_bin_trust_function_creators AS CHAR) AS trusted,
  (SELECT COUNT(*) FROM information_schema.collations
    WHERE collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')) > 0 AS bytewise`),
  )
  const version = String(facts['version'])
  const product = /mariadb/i.test(version) ? 'MariaDB' : 'MySQL'
  const problems: ServerProblem[] = []
  const remarks: ServerProblem[] = []

  const [major = 0, minor = 0, patch = 0] = (version.match(/\d+/g) ?? []).map(Number)
  const oldest = product === 'MariaDB' ? [10, 6, 0] : [8, 0, 17]
  if (compareVersions([major, minor, patch], oldest) < 0) {
    problems.push({
      what: `${product} ${version} is too old`,
      change: `upgrade to ${product} ${oldest.join('.')} or later`,
    })
  } else if (Number(facts['bytewise']) !== 1) {
    problems.push({
      what: 'neither collation utf8mb4_nopad_bin nor utf8mb4_0900_bin exists',
      change: 'use MariaDB 10.6 or MySQL 8.0.17 or later',
    })
  }
  if (facts['db'] === null) {
    problems.push({
      what: 'the connection does not select a database',
      change: 'name one in the connection options',
    })
  }

  const user = String(facts['user'])
  const database = typeof facts['db'] === 'string' ? facts['db'] : 'your_database'
  const grants = (await session.rows('SHOW GRANTS')).map(row => String(Object.values(row)[0]))
  const may = (privilege: string): boolean =>
    grants.some(grant => {
      const [, privileges = '', scope = ''] = grant.match(/^GRANT (.*) ON (\S+) TO /) ?? []
      return (
        (privileges.includes('ALL PRIVILEGES') ||
          privileges.split(/, /).some(given => given.startsWith(privilege))) &&
        covers(scope, database)
      )
    })
  const needed = ['CREATE', 'CREATE VIEW', 'SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES']
  if (capture === 'trigger') needed.push('TRIGGER', 'DROP', 'LOCK TABLES')
  const missing = needed.filter(privilege => !may(privilege))
  if (missing.length > 0) {
    problems.push({
      what: `${user} lacks ${missing.join(', ')}`,
      change: `GRANT ${missing.join(', ')} ON \`${database}\`.* TO ${account(user)}`,
    })
  }
  const everywhere = grants.some(grant =>
    /^GRANT (ALL PRIVILEGES|.*\b(SUPER|SET USER)\b).* ON \*\.\* /.test(grant),
  )
  if (capture === 'trigger' && isOn(facts['log_bin']) && !isOn(facts['trusted']) && !everywhere) {
    problems.push({
      what: 'the binary log is on and log_bin_trust_function_creators is off: triggers need SUPER',
      change: `SET GLOBAL log_bin_trust_function_creators = 1, or use capture 'app' with createWriter`,
    })
  }
  const packet = Number(facts['packet'])
  if (packet < 4 * 1024 * 1024) {
    remarks.push({
      what: `max_allowed_packet is ${packet} bytes`,
      change: 'set it to 16 MiB or more: larger rows are read one by one, not from the log',
    })
  }
  return { product, version, problems, remarks }
}

const isOn = (value: unknown): boolean => value === '1' || value === 'ON'

function covers(scope: string, database: string): boolean {
  if (scope === '*.*') return true
  const [, name = ''] = scope.match(/^`((?:[^`]|``)*)`\.\*$/) ?? []
  return name.replaceAll('``', '`').replaceAll(/\\([_%])/g, '$1') === database
}

/** 'user'@'host' from user@host. */
function account(user: string): string {
  const at = user.lastIndexOf('@')
  return `'${user.slice(0, at)}'@'${user.slice(at + 1)}'`
}
