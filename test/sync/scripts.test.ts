import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createReplicator, mysqlUpstream } from '../../src/entries/vecsync.ts'
import { mariadbMissing, startMariadb } from '../servers/mariadb.ts'
import { postgresMissing, startPostgres } from '../servers/postgres.ts'
import { found } from '../servers/process.ts'
import { openSqlite } from './sqlite-database.ts'
import { drain } from './world.ts'

const mariadb = found('/usr/bin/mariadb')
const psql = found('/usr/bin/psql')

describe('D1: the scripts in db/schema run, twice, in the shell of their database', () => {
  test(
    'mariadb',
    { skip: mariadbMissing ?? (mariadb === undefined ? 'no mariadb shell' : false) },
    async () => {
      const server = await startMariadb()
      try {
        const args = ['--no-defaults', '-h127.0.0.1', `-P${server.port}`, '-uroot', 'test']
        for (let round = 0; round < 2; round++) {
          execFileSync(mariadb!, args, { input: readFileSync('db/schema/mysql/schema.ddl') })
        }
        execFileSync(mariadb!, args, {
          input: `INSERT INTO vec_dataset (dataset_id) VALUES ('d'); INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('d', 'a');`,
        })
        const replica = openSqlite()
        const replicator = createReplicator({
          source: mysqlUpstream(() => server.connect()),
          replica,
        })
        await drain(replicator)
        assert.equal(replicator.status().datasets[0].lastScn, 1n)
        assert.ok((await replicator.verify()).equal)
        await replicator.close()
        replica.close()
      } finally {
        await server.remove()
      }
    },
  )

  test('psql', { skip: postgresMissing ?? (psql === undefined ? 'no psql' : false) }, async () => {
    const server = await startPostgres()
    try {
      const args = [
        '-h127.0.0.1',
        `-p${server.port}`,
        '-Utest',
        '-dpostgres',
        '-vON_ERROR_STOP=1',
        '-q',
      ]
      const run = (input: string): Buffer => execFileSync(psql!, args, { input, stdio: 'pipe' })
      for (let round = 0; round < 2; round++) {
        run(readFileSync('db/schema/postgres/schema.ddl', 'utf8'))
      }
      run(
        `INSERT INTO vec_dataset (dataset_id) VALUES ('d'); INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('d', 'a');`,
      )
      assert.match(
        run('SELECT scn, op, document_id FROM vec_shadow_log').toString(),
        /1 \| insert \| a/,
      )
    } finally {
      await server.remove()
    }
  })

  test('sqlite', () => {
    const db = openSqlite()
    for (let round = 0; round < 2; round++) {
      db.exec(readFileSync('db/schema/sqlite/schema.ddl', 'utf8'))
    }
    db.exec(`INSERT INTO vec_dataset (dataset_id) VALUES ('d')`)
    db.exec(`INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('d', 'a')`)
    assert.equal(db.prepare('SELECT * FROM vec_shadow_log').all().length, 1)
    db.close()
  })
})
