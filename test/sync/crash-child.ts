// A replicator that ends itself with SIGKILL at one exact statement. Environment: UPSTREAM, REPLICA, CRASH, BATCH.

import { createReplicator, type SqliteStatement } from '../../src/entries/vecsync.ts'
import { openSqlite } from './sqlite-database.ts'
import { upstreamAt, type UpstreamAddress } from './test-upstreams.ts'

const { UPSTREAM, REPLICA, CRASH = '', BATCH = '10' } = process.env
const [place, count] = CRASH.split(':')
let left = Number(count)

function reached(here: string): void {
  if (here === place && --left === 0) process.kill(process.pid, 'SIGKILL')
}

const connection = openSqlite(REPLICA)
const prepare = connection.prepare.bind(connection)
const exec = connection.exec.bind(connection)
connection.prepare = (sql: string): SqliteStatement => {
  const statement = prepare(sql)
  const run = statement.run.bind(statement)
  if (sql.startsWith('INSERT INTO "shadow_vec_docs"')) {
    statement.run = (...parameters) => {
      reached('before-row')
      return run(...parameters)
    }
  }
  if (sql.startsWith('INSERT OR REPLACE INTO "vec_sync_state"')) {
    statement.run = (...parameters) => {
      reached('before-checkpoint')
      const result = run(...parameters)
      reached('after-checkpoint')
      return result
    }
  }
  return statement
}
connection.exec = (sql: string): unknown => {
  const result = exec(sql)
  if (sql === 'COMMIT') reached('after-commit')
  return result
}

const replicator = createReplicator({
  source: upstreamAt(JSON.parse(UPSTREAM!) as UpstreamAddress),
  replica: connection,
  batchSize: Number(BATCH),
  leaseDuration: 50,
})
while ((await replicator.pass()).more);
await replicator.close()
