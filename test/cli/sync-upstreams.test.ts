import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type pg from 'pg'
import { lockSupport } from '../../src/entries/engine.ts'
import { open } from '../../src/entries/main.ts'
import { postgresMissing, startPostgres, type PostgresServer } from '../servers/postgres.ts'
import { openSqlite, ours } from '../sync/sqlite-database.ts'
import { svec, svecJson, temporaryFolder } from './svec.ts'
import { eventLines, running, SECRET } from './sync-servers.ts'

const shared = (await lockSupport()).kind === 'ofd'

const folder = temporaryFolder()

async function idsOf(replica: string): Promise<unknown[]> {
  const db = await open(replica, { readonly: true })
  try {
    return db.prepare('SELECT id FROM _vec_docs ORDER BY id').pluck().all()
  } finally {
    db.close()
  }
}

describe('svec sync with PostgreSQL', { skip: postgresMissing ?? false }, () => {
  let server: PostgresServer
  let client: pg.Client
  let url: string
  const replica = join(folder, 'from-postgres.sqlite')
  const env = { SVEC_SYNC_PASSWORD: SECRET }

  before(async () => {
    server = await startPostgres()
    client = server.client()
    await client.connect()
    await client.query(`CREATE ROLE app LOGIN PASSWORD '${SECRET}'`)
    await client.query('GRANT CREATE, USAGE ON SCHEMA public TO app')
    await client.query(`ALTER SYSTEM SET log_connections = off`)
    execFileSync('sh', [
      '-c',
      `printf 'host all test 127.0.0.1/32 trust\\nhost all all 127.0.0.1/32 scram-sha-256\\n' > '${server.directory}/data/pg_hba.conf'`,
    ])
    await client.query('SELECT pg_reload_conf()')
    url = `postgres://app@127.0.0.1:${server.port}/postgres`
  })
  after(async () => {
    await client.end()
    await server.remove()
  })

  test('from an empty database to an equal replica, and on', async () => {
    const upstream = ['-u', url, '-r', replica]
    const init = (await svecJson(['sync', 'init', 'docs', '-u', url], { env })) as {
      server: { product: string }
    }
    assert.equal(init.server.product, 'PostgreSQL')
    await client.query(
      `INSERT INTO shadow_vec_docs (dataset_id, id, embedding) VALUES ('docs', 'a', '\\x0000803f'), ('docs', 'b', '\\x0000803f')`,
    )
    assert.equal((await svec(['sync', 'once', ...upstream], { env })).code, 0)
    assert.deepEqual(await idsOf(replica), ['a', 'b'])
    const run = running(['sync', 'run', ...upstream], env)
    await run.until(({ event }) => event === 'start')
    await client.query(`DELETE FROM shadow_vec_docs WHERE id = 'a'`)
    await run.until(({ event, lastScn }) => event === 'progress' && lastScn === 3)
    run.child.kill('SIGTERM')
    assert.equal((await run.ended).code, 0)
    assert.deepEqual(await idsOf(replica), ['b'])
    assert.equal((await svec(['sync', 'verify', ...upstream], { env })).code, 0)
    const lag = (await svecJson(['sync', 'lag', ...upstream], { env })) as { ok: boolean }
    assert.equal(lag.ok, true)
    const pruned = (await svecJson(['sync', 'prune', '-u', url, '--min-age', '0'], { env })) as {
      deleted: number
    }
    assert.equal(pruned.deleted, 2)
  })

  test('a wrong password is refused, and stands in no output', async () => {
    const { code, stdout, stderr } = await svec(['sync', 'once', '-u', url, '-r', replica], {
      env: { SVEC_SYNC_PASSWORD: 'verkehrt-4711', SVEC_DEBUG: '1' },
    })
    assert.equal(code, 3)
    assert.match(stderr, /password authentication failed for user "app"/)
    assert.doesNotMatch(stdout + stderr, /verkehrt|4711/)
  })
})

describe('svec sync with SQLite', () => {
  const upstream = join(folder, 'upstream.db')
  const replica = join(folder, 'from-sqlite.sqlite')
  const args = ['-u', `sqlite:${upstream}`, '-r', replica]

  function insert(id: string): void {
    const db = openSqlite(upstream)
    db.exec(`INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('docs', '${id}')`)
    db.close()
  }

  test('an upstream that is not there is made by init alone', async () => {
    const { code, stderr } = await svec(['sync', 'once', ...args])
    assert.equal(code, 3)
    assert.match(stderr, /upstream\.db does not exist/)
    assert.ok(!existsSync(upstream))
    assert.equal((await svec(['sync', 'init', 'docs', '-u', upstream])).code, 0)
    assert.ok(existsSync(upstream))
  })

  test('a replica follows, also while the upstream is in WAL mode', async () => {
    // Our engine writes with a rollback journal; better-sqlite3 turns the file to WAL.
    assert.equal((await svec(['sync', 'once', ...args])).code, 0)
    insert('a')
    assert.equal((await svec(['sync', 'once', ...args])).code, 0)
    assert.deepEqual(await idsOf(replica), ['a'])
    const run = running(['sync', 'run', ...args])
    await run.until(({ event }) => event === 'start')
    insert('b')
    await run.until(({ event, lastScn }) => event === 'progress' && lastScn === 2)
    run.child.kill('SIGTERM')
    assert.equal((await run.ended).code, 0)
    assert.equal((await svec(['sync', 'verify', ...args])).code, 0)
    if (!ours) {
      const db = openSqlite(upstream, { readonly: true })
      assert.deepEqual(db.pragma('journal_mode'), [{ journal_mode: 'wal' }])
      db.close()
    }
  })

  test('upstream and replica as the same file are refused before anything is made in it', async () => {
    const other = join(folder, 'alone.db')
    assert.equal((await svec(['sync', 'init', 'docs', '-u', other])).code, 0)
    const link = join(folder, 'link.db')
    symlinkSync(other, link)
    for (const file of [other, link]) {
      const { code, stderr } = await svec(['sync', 'once', '-u', other, '-r', file])
      assert.equal(code, 3)
      assert.match(stderr, /the upstream and the replica are the same file/)
    }
    const db = await open(other, { readonly: true })
    const found = db.prepare(`SELECT name FROM sqlite_schema WHERE name LIKE '%docs'`).pluck().all()
    db.close()
    assert.deepEqual(found, ['shadow_vec_docs'])
  })

  test('a plain table takes the place of a vec table', async () => {
    const file = join(folder, 'plain.sqlite')
    const told = ['-u', upstream, '-r', file, '--replica-table', 'plain']
    const { code, stdout } = await svec(['sync', 'once', ...told])
    assert.equal(code, 0)
    assert.equal(eventLines(stdout).at(-1)!['applied'], 2)
    const db = await open(file, { readonly: true })
    const found = db
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%docs'`)
      .pluck()
      .all()
    const rows = db.prepare('SELECT count(*) FROM plain').pluck().get()
    db.close()
    assert.deepEqual([found, Number(rows)], [[], 2])
  })

  test(
    'a replica in WAL mode is followed, and stays in it',
    { skip: ours ? 'no better-sqlite3' : false },
    async () => {
      const file = join(folder, 'wal.sqlite')
      const db = openSqlite(file)
      db.exec('CREATE TABLE x (a)')
      db.close()
      const { code, stderr } = await svec(['sync', 'once', '-u', upstream, '-r', file])
      if (shared) assert.equal(code, 0, stderr)
      else {
        assert.equal(code, 3)
        assert.match(stderr, /is in WAL mode.*PRAGMA journal_mode=DELETE/)
        return
      }
      const again = openSqlite(file)
      assert.deepEqual(again.pragma('journal_mode'), [{ journal_mode: 'wal' }])
      again.close()
    },
  )

  test('a replica that is no database is refused', async () => {
    const file = join(folder, 'text.sqlite')
    execFileSync('sh', ['-c', `yes 'no database at all' | head -c 5000 > '${file}'`])
    const { code, stderr } = await svec(['sync', 'once', '-u', upstream, '-r', file])
    assert.equal(code, 3)
    assert.match(stderr, /is not a SQLite database/)
  })
})
