import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import {
  createDataset,
  createWriter,
  installUpstream,
  mysqlUpstream,
  postgresUpstream,
  type Upstream,
} from '../../src/entries/vecsync.ts'
import { mariadbMissing, startMariadb } from '../servers/mariadb.ts'
import { postgresMissing, startPostgres } from '../servers/postgres.ts'

describe('installing in MariaDB', { skip: mariadbMissing ?? false }, () => {
  test('D21: a binary log that forbids triggers is found before anything is made', async () => {
    const server = await startMariadb({
      args: ['--log-bin', '--server-id=1', '--log-bin-trust-function-creators=0'],
    })
    try {
      const root = await server.connect()
      await root.query(`CREATE USER 'app'@'127.0.0.1' IDENTIFIED BY 'hunter2'`)
      await root.query(`GRANT ALL PRIVILEGES ON test.* TO 'app'@'127.0.0.1'`)
      const app = mysqlUpstream(() =>
        createConnection({
          host: '127.0.0.1',
          port: server.port,
          user: 'app',
          password: 'hunter2',
          database: 'test',
        }),
      )
      await assert.rejects(installUpstream(app), {
        code: 'SYNC_UPSTREAM',
        hint: /SET GLOBAL log_bin_trust_function_creators = 1, or use capture 'app'/,
      })
      const [tables] = await root.query('SHOW TABLES')
      assert.deepEqual(tables, [])

      // The other way: a writer instead of triggers.
      const report = await installUpstream(app, { capture: 'app' })
      assert.ok(report.installed)
      await createDataset(app, 'd')
      const writer = createWriter({ upstream: app })
      assert.equal((await writer.tx('d', batch => batch.upsert({ id: 'a' }))).scn, 1n)
      await writer.close()

      // And with the change that was asked for, triggers.
      await root.query('SET GLOBAL log_bin_trust_function_creators = 1')
      assert.ok((await installUpstream(app)).installed)
      await root.end()
    } finally {
      await server.remove()
    }
  })

  test('missing privileges are named, with the GRANT', async () => {
    const server = await startMariadb()
    try {
      const root = await server.connect()
      await root.query(`CREATE USER 'reader'@'127.0.0.1'`)
      await root.query(`GRANT SELECT, INSERT ON test.* TO 'reader'@'127.0.0.1'`)
      const reader = mysqlUpstream(() =>
        createConnection({
          host: '127.0.0.1',
          port: server.port,
          user: 'reader',
          database: 'test',
        }),
      )
      await assert.rejects(installUpstream(reader), {
        code: 'SYNC_ACCESS',
        hint: "GRANT CREATE, CREATE VIEW, UPDATE, DELETE, REFERENCES, TRIGGER, DROP, LOCK TABLES ON `test`.* TO 'reader'@'127.0.0.1'",
      })
      await root.query(
        "GRANT CREATE, CREATE VIEW, UPDATE, DELETE, REFERENCES, TRIGGER, DROP, LOCK TABLES ON `test`.* TO 'reader'@'127.0.0.1'",
      )
      assert.ok((await installUpstream(reader)).installed)
      await root.end()
    } finally {
      await server.remove()
    }
  })

  test('a server that calls itself too old is refused', async () => {
    const server = await startMariadb({ args: ['--skip-log-bin', '--version=10.3.39-MariaDB'] })
    try {
      await assert.rejects(installUpstream(mysqlUpstream(() => server.connect())), {
        code: 'SYNC_UPSTREAM',
        message: /MariaDB 10\.3\.39-MariaDB is too old/,
      })
    } finally {
      await server.remove()
    }
  })

  test('a small packet is remarked, a missing database refused', async () => {
    const server = await startMariadb({ args: ['--skip-log-bin', '--max-allowed-packet=1M'] })
    try {
      const { server: facts } = await installUpstream(mysqlUpstream(() => server.connect()))
      assert.match(facts.remarks[0].what, /max_allowed_packet is 1048576/)
      const nowhere = mysqlUpstream(() =>
        createConnection({ host: '127.0.0.1', port: server.port, user: 'root' }),
      )
      await assert.rejects(installUpstream(nowhere), /the connection does not select a database/)
    } finally {
      await server.remove()
    }
  })
})

describe('installing in PostgreSQL', { skip: postgresMissing ?? false }, () => {
  test('privileges, encoding and isolation are looked at', async () => {
    const server = await startPostgres()
    const admin = server.client()
    await admin.connect()
    const as = (user: string, database: string): Upstream =>
      postgresUpstream(
        () => new pg.Client({ host: '127.0.0.1', port: server.port, user, database }),
      )
    try {
      await admin.query('CREATE ROLE app LOGIN')
      await assert.rejects(installUpstream(as('app', 'postgres')), {
        code: 'SYNC_ACCESS',
        hint: 'GRANT CREATE, USAGE ON SCHEMA "public" TO "app"',
      })
      await admin.query('GRANT CREATE, USAGE ON SCHEMA public TO app')
      await admin.query(`ALTER ROLE app SET default_transaction_isolation = 'serializable'`)
      const report = await installUpstream(as('app', 'postgres'))
      assert.ok(report.installed)
      assert.match(report.server.remarks[0].what, /serializable/)
      await admin.query(
        `CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
      )
      await assert.rejects(installUpstream(as('test', 'latin')), /encoding is LATIN1/)
    } finally {
      await admin.end()
      await server.remove()
    }
  })
})
