import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fences } from '../doc-example.ts'
import { ExampleFolder } from '../example-folder.ts'
import {
  makeCertificates,
  opensslMissing,
  type Certificates,
  type KeyPair,
} from '../servers/certificates.ts'
import { mariadbMissing, startMariadb } from '../servers/mariadb.ts'
import { postgresMissing, startPostgres } from '../servers/postgres.ts'
import { startProxy, type Proxy } from '../servers/proxy.ts'
import { svec, temporaryFolder, type Outcome } from './svec.ts'
import { eventLines, SECRET } from './sync-servers.ts'

const folder = temporaryFolder()
const env = { SVEC_SYNC_PASSWORD: SECRET }
let made = 0

/** A server that can be told which certificate to show, and who takes connections in TLS alone. */
interface TlsServer {
  readonly port: number
  show(pair: KeyPair | undefined): Promise<void>
  remove(): Promise<void>
}

const kinds: {
  name: string
  missing: string | undefined
  scheme: string
  database: string
  user: string
  start(certificates: Certificates): Promise<TlsServer>
}[] = [
  {
    name: 'MariaDB',
    missing: mariadbMissing,
    scheme: 'mysql',
    database: 'test',
    user: 'mysql',
    async start(certificates) {
      const server = await startMariadb()
      const admin = async (...statements: string[]): Promise<unknown[]> => {
        const connection = await server.connect()
        try {
          const results: unknown[] = []
          for (const statement of statements) results.push((await connection.query(statement))[0])
          return results
        } finally {
          connection.destroy()
        }
      }
      await admin(
        `CREATE USER app@'%' IDENTIFIED BY '${SECRET}'`,
        `GRANT ALL ON test.* TO app@'%'`,
        `CREATE USER strict@'%' IDENTIFIED BY '${SECRET}' REQUIRE SUBJECT '/CN=app'`,
        `GRANT ALL ON test.* TO strict@'%'`,
        `CREATE USER tls@'%' IDENTIFIED BY '${SECRET}' REQUIRE SSL`,
        `GRANT ALL ON test.* TO tls@'%'`,
      )
      return {
        port: server.port,
        async show(pair) {
          await server.stop()
          await server.start(
            pair === undefined
              ? ['--skip-ssl']
              : [`--ssl-ca=${certificates.ca}`, `--ssl-cert=${pair.cert}`, `--ssl-key=${pair.key}`],
          )
        },
        remove: () => server.remove(),
      }
    },
  },
  {
    name: 'PostgreSQL',
    missing: postgresMissing,
    scheme: 'postgres',
    database: 'postgres',
    user: 'postgres',
    async start(certificates) {
      const server = await startPostgres()
      const admin = async (...statements: string[]): Promise<unknown[]> => {
        const client = server.client()
        await client.connect()
        try {
          const results: unknown[] = []
          for (const statement of statements) results.push((await client.query(statement)).rows)
          return results
        } finally {
          await client.end()
        }
      }
      await admin(
        `CREATE ROLE app LOGIN PASSWORD '${SECRET}'`,
        'GRANT CREATE, USAGE ON SCHEMA public TO app',
        `CREATE ROLE strict LOGIN PASSWORD '${SECRET}' IN ROLE app`,
        `CREATE ROLE tls LOGIN PASSWORD '${SECRET}' IN ROLE app`,
      )
      const rules = [
        'host all test 127.0.0.1/32 trust',
        'hostssl all strict 127.0.0.1/32 scram-sha-256 clientcert=verify-ca',
        'hostssl all tls 127.0.0.1/32 scram-sha-256',
        'host all app 127.0.0.1/32 scram-sha-256',
      ]
      writeFileSync(join(server.directory, 'data', 'pg_hba.conf'), `${rules.join('\n')}\n`)
      return {
        port: server.port,
        async show(pair) {
          await admin(
            `ALTER SYSTEM SET ssl_ca_file = '${certificates.ca}'`,
            ...(pair === undefined
              ? ['ALTER SYSTEM SET ssl = off']
              : [
                  `ALTER SYSTEM SET ssl_cert_file = '${pair.cert}'`,
                  `ALTER SYSTEM SET ssl_key_file = '${pair.key}'`,
                  'ALTER SYSTEM SET ssl = on',
                ]),
          )
          await server.stop()
          await server.start()
        },
        remove: () => server.remove(),
      }
    },
  },
]

const init = (args: readonly string[], more: Record<string, string> = {}): Promise<Outcome> =>
  svec(['sync', 'init', 'docs', ...args], { env: { ...env, ...more }, cwd: folder })

async function refused(args: readonly string[], ...says: readonly RegExp[]): Promise<void> {
  const began = performance.now()
  const { code, stdout, stderr } = await init(args)
  assert.equal(code, 3, stdout + stderr)
  for (const pattern of says) assert.match(stderr, pattern)
  assert.doesNotMatch(stdout + stderr, /geheim|    at /)
  assert.ok(performance.now() - began < 20_000)
}

for (const kind of kinds) {
  const missing = kind.missing ?? opensslMissing ?? false
  describe(`svec sync over TLS, ${kind.name}`, { skip: missing }, () => {
    let certificates: Certificates
    let server: TlsServer
    let proxy: Proxy
    /** What went to the server since it was last looked at. */
    let sent = ''
    /** Whether the last command could not be read on its way. */
    const encrypted = (): boolean => {
      const plain = sent.includes('vec_upstream')
      assert.ok(sent.length > 0, 'nothing was sent')
      sent = ''
      return !plain
    }
    const url = (user = 'app', host = 'localhost', more = ''): string =>
      `${kind.scheme}://${user}@${host}:${proxy.port}/${kind.database}${more}`

    before(async () => {
      certificates = makeCertificates(kind.user)
      server = await kind.start(certificates)
      proxy = await startProxy(server.port)
      proxy.garble((data, from) => {
        if (from === 'client') sent += data.toString('latin1')
        return data
      })
      await server.show(certificates.server)
    })
    after(async () => {
      await proxy.close()
      await server.remove()
      certificates.remove()
    })

    async function connects(args: readonly string[], hidden: boolean): Promise<void> {
      sent = ''
      const { code, stdout, stderr } = await init(args)
      assert.equal(code, 0, stdout + stderr)
      assert.equal(stderr, '')
      assert.equal(encrypted(), hidden)
    }

    test('the right authority: connected, by flags, environment, file and URL alike', async () => {
      const { ca } = certificates
      await connects(['-u', url(), '--ssl-ca', ca], true)
      await connects(['-u', url(), '--ssl-mode', 'verify-full', '--ssl-ca', ca], true)
      await connects(
        ['-u', url('app', '127.0.0.1'), '--ssl-mode', 'verify-ca', '--ssl-ca', ca],
        true,
      )
      await connects(
        ['-u', url('app', 'localhost', `?sslmode=verify-full&sslrootcert=${ca}`)],
        true,
      )
      await connects(
        ['-u', url('app', 'localhost', `?ssl-mode=VERIFY_IDENTITY&ssl-ca=${ca}`)],
        true,
      )
      const { code, stderr } = await init([], { SVEC_SYNC_UPSTREAM: url(), SVEC_SYNC_SSL_CA: ca })
      assert.equal(code, 0, stderr)
      assert.equal(encrypted(), true)
      const config = join(dirname(ca), 'sync.json')
      for (const settings of [
        { upstream: url(), sslMode: 'verify-full', sslCa: basename(ca) },
        { upstream: url('app', 'localhost', `?sslmode=verify-ca&ssl-ca=${basename(ca)}`) },
      ]) {
        writeFileSync(config, JSON.stringify(settings))
        await connects(['-c', config], true)
      }
    })

    test('off and require', async () => {
      await connects(['-u', url(), '--ssl-mode', 'off'], false)
      await connects(['-u', url()], false)
      await connects(['-u', url(), '--ssl-mode', 'require'], true)
    })

    test('another authority is refused', async () => {
      await refused(
        ['-u', url(), '--ssl-ca', certificates.otherCa],
        /the server's certificate is not signed by a trusted CA/,
        /ssl\.ca of the driver, or --ssl-ca of svec sync/,
      )
      await refused(['-u', url(), '--ssl-mode', 'verify-full'], /not signed by a trusted CA/)
      await refused(['-u', url(), '--ssl-mode', 'verify-ca'], /not signed by a trusted CA/)
    })

    test('an expired certificate is refused', async () => {
      await server.show(certificates.expired)
      try {
        for (const mode of ['verify-full', 'verify-ca']) {
          await refused(
            ['-u', url(), '--ssl-mode', mode, '--ssl-ca', certificates.ca],
            /the server's certificate has expired/,
            /renew it on the server, or correct this machine's clock/,
          )
        }
        await connects(['-u', url(), '--ssl-mode', 'require'], true)
      } finally {
        await server.show(certificates.server)
      }
    })

    test('a certificate for another host is refused, unless its authority is all that counts', async () => {
      await server.show(certificates.elsewhere)
      try {
        await refused(
          ['-u', url(), '--ssl-ca', certificates.ca],
          /the server's certificate is not for this host .*db\.example/,
          /--ssl-mode verify-ca/,
        )
        await connects(['-u', url(), '--ssl-mode', 'verify-ca', '--ssl-ca', certificates.ca], true)
      } finally {
        await server.show(certificates.server)
      }
    })

    test('an IP address is checked, or refused, and never taken for localhost', async () => {
      const args = ['-u', url('app', '127.0.0.1'), '--ssl-ca', certificates.ca]
      if (kind.name === 'PostgreSQL') {
        await connects(args, true)
        await server.show(certificates.elsewhere)
        try {
          await refused(args, /is not for this host/)
        } finally {
          await server.show(certificates.server)
        }
        return
      }
      const { code, stderr } = await init(args)
      assert.equal(code, 2)
      assert.match(stderr, /mysql2 cannot check whether a certificate is for an IP address/)
      assert.match(stderr, /connect by a name .* --ssl-mode verify-ca/)
    })

    test('a server without TLS is refused, and never spoken to in the clear', async () => {
      await server.show(undefined)
      try {
        for (const mode of ['verify-full', 'verify-ca', 'require']) {
          await refused(
            ['-u', url(), '--ssl-mode', mode],
            /the server offers no TLS/,
            /enable it there/,
          )
        }
      } finally {
        await server.show(certificates.server)
      }
    })

    test('a server that wants TLS says so', async () => {
      await refused(
        ['-u', url('tls')],
        kind.name === 'MariaDB' ? /Access denied/ : /rejects connections without TLS/,
      )
      const { code, stderr } = await init(['-u', url('tls'), '--ssl-ca', certificates.ca])
      assert.equal(code, 0, stderr)
    })

    test('a client certificate, where the server asks for one', async () => {
      const { ca, client } = certificates
      const asked = ['-u', url('strict'), '--ssl-ca', ca]
      await refused(asked, /Access denied|client certificate/)
      const { code, stderr } = await init([
        ...asked,
        '--ssl-cert',
        client.cert,
        '--ssl-key',
        client.key,
      ])
      assert.equal(code, 0, stderr)
      const { expired } = certificates
      const late = await init([...asked, '--ssl-cert', expired.cert, '--ssl-key', expired.key])
      assert.equal(late.code, 3)
      assert.match(late.stderr, /--ssl-cert: this certificate has expired, on /)
      const mixed = await init([...asked, '--ssl-cert', client.cert, '--ssl-key', expired.key])
      assert.equal(mixed.code, 3)
      assert.match(mixed.stderr, /the TLS files cannot be used: .*\n.*belong together/)
      assert.doesNotMatch(mixed.stderr, /PRIVATE KEY/)
    })

    test('the program of docs/sync.md connects, and checks the host name', async () => {
      const page = readFileSync('docs/sync.md', 'utf8')
      const { code } = fences(page).find(({ info, section }) => info === 'ts' && section === 'TLS')!
      using example = new ExampleFolder()
      copyFileSync(certificates.ca, join(example.path, 'ca.pem'))
      // Straight to the server: the proxy is in this process, which waits for the program.
      const whole = url()
        .replace('app@', `app:${encodeURIComponent(SECRET)}@`)
        .replace(`:${proxy.port}/`, `:${server.port}/`)
      const source = kind.name === 'MariaDB' ? 'mysqlSource' : 'postgresSource'
      const connect = (): string =>
        example.run(`
          import { readFileSync } from 'node:fs'
          import mysql from ${JSON.stringify(import.meta.resolve('mysql2/promise'))}
          import pg from ${JSON.stringify(import.meta.resolve('pg'))}
          import { mysqlUpstream, postgresUpstream } from 'sqlite-vec-ts/vecsync'
          const uri = ${JSON.stringify(whole)}
          const connectionString = uri
          ${code}
          const answer = await ${source}.connect().then(
            async session => {
              const [row] = await session.rows("SELECT 'yes' AS answer")
              await session.close()
              return row.answer
            },
            error => error.code + ' ' + error.message + ' ' + error.hint,
          )
          console.log(answer)`)
      assert.equal(connect(), 'yes\n')
      await server.show(certificates.elsewhere)
      try {
        assert.match(connect(), /^SYNC_ACCESS .*is not for this host.*verify-ca\n$/)
      } finally {
        await server.show(certificates.server)
      }
    })

    test('a replica follows through TLS, and a certificate that turns bad is a failed pass', async () => {
      const replica = join(folder, `tls-${made++}.sqlite`)
      const args = ['-u', url(), '--ssl-ca', certificates.ca, '-r', replica]
      assert.equal((await svec(['sync', 'once', ...args], { env })).code, 0)
      for (const command of ['verify', 'lag', 'status', 'repair']) {
        const { code, stdout, stderr } = await svec(['sync', command, ...args], { env })
        assert.equal(code, 0, stdout + stderr)
      }
      await server.show(certificates.expired)
      try {
        const { code, stdout } = await svec(['sync', 'once', ...args], { env })
        assert.equal(code, 3)
        const stop = eventLines(stdout).at(-1)!
        assert.equal((stop['error'] as { code: string }).code, 'SYNC_ACCESS')
      } finally {
        await server.show(certificates.server)
      }
    })
  })
}
