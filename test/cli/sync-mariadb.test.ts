import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Connection } from 'mysql2/promise'
import { open } from '../../src/entries/main.ts'
import { mariadbMissing, type MariadbServer } from '../servers/mariadb.ts'
import { svec, svecJson, temporaryFolder } from './svec.ts'
import { eventLines, running, SECRET, startWithUser } from './sync-servers.ts'

const folder = temporaryFolder()

/** Ten lines of the documents' ids that a replica holds, in order. */
async function rowsOf(replica: string): Promise<{ id: string; content: string }[]> {
  const db = await open(replica, { readonly: true })
  try {
    return db
      .prepare(`SELECT id, content FROM _vec_docs WHERE dataset_id = 'docs' ORDER BY id`)
      .all() as { id: string; content: string }[]
  } finally {
    db.close()
  }
}

interface Lag {
  readonly datasetId: string
  readonly state: string
  readonly lastScn: number
  readonly headScn: number
  readonly entries: number
  readonly seconds: number
}

describe('svec sync with MariaDB', { skip: mariadbMissing ?? false }, () => {
  let server: MariadbServer
  let client: Connection
  let config: string
  const replica = join(folder, 'replica.sqlite')
  const sync = (...args: string[]): string[] => ['sync', ...args, '--config', config]

  before(async () => {
    const started = await startWithUser()
    ;({ server } = started)
    client = await server.connect()
    config = join(folder, 'sync.json')
    writeFileSync(
      config,
      JSON.stringify({ upstream: started.url, password: SECRET, replica: 'replica.sqlite' }),
    )
  })
  after(async () => {
    await client.end()
    await server.remove()
  })

  const write = (
    id: string,
    content: string,
    vector: readonly number[] = [1, 0],
  ): Promise<unknown> =>
    client.query(
      `REPLACE INTO shadow_vec_docs (dataset_id, id, content, embedding) VALUES ('docs', ?, ?, ?)`,
      [id, content, Buffer.from(Float32Array.from(vector).buffer)],
    )

  /** Many rows in few statements. */
  async function fill(count: number, content: string): Promise<void> {
    for (let from = 0; from < count; from += 1000) {
      const ids = Array.from({ length: Math.min(1000, count - from) }, (_, i) =>
        String(from + i).padStart(6, '0'),
      )
      await client.query(
        `INSERT INTO shadow_vec_docs (dataset_id, id, content, embedding) VALUES ${ids.map(id => `('docs', '${id}', '${content}', x'0000803f00000000')`).join()}
ON DUPLICATE KEY UPDATE content = VALUES(content)`,
      )
    }
  }

  test('status before anything says what to do', async () => {
    const { code, stderr } = await svec(sync('status'))
    assert.equal(code, 3)
    assert.match(
      stderr,
      /replica .*replica\.sqlite does not exist\n {2}svec sync once creates and fills it/,
    )
  })

  test('an upstream without our tables is refused with the command that makes them', async () => {
    const { code, stderr } = await svec(sync('once'))
    assert.equal(code, 3)
    assert.match(
      stderr,
      /vec_upstream' doesn't exist\n {2}svec sync init creates or updates the tables/,
    )
  })

  test('init --dry-run only looks', async () => {
    const answer = (await svecJson(sync('init', '--dry-run'))) as Record<string, unknown>
    assert.equal(answer['installed'], false)
    assert.ok((answer['statements'] as string[]).length > 5)
    const [tables] = await client.query('SHOW TABLES')
    assert.deepEqual(tables, [])
  })

  test('init makes tables, triggers and datasets, and may be run again', async () => {
    for (let i = 0; i < 2; i++) {
      const answer = (await svecJson(sync('init', 'docs'))) as Record<string, unknown>
      assert.equal(answer['installed'], true)
      assert.deepEqual(answer['datasets'], ['docs'])
      assert.match(JSON.stringify(answer['server']), /MariaDB/)
    }
  })

  test('the script of ddl runs in the shell of the database, over what init made', async () => {
    const { stdout } = await svec(['sync', 'ddl', '--database', 'mysql'])
    // Statement by statement: the shell takes DELIMITER, the protocol does not.
    const statements = stdout
      .replaceAll(/^DELIMITER.*\n/gm, '')
      .split('\n$$\n')
      .filter(statement => statement.trim() !== '')
    assert.ok(statements.length > 10)
    const other = await server.connect()
    for (const statement of statements) await other.query(statement)
    await other.end()
  })

  test('once fills a replica that a vec table searches', async () => {
    await write('east', 'right', [1, 0])
    await write('north', 'up', [0, 1])
    const { code, stdout } = await svec(sync('once'))
    assert.equal(code, 0)
    const events = eventLines(stdout)
    assert.deepEqual([events[0].event, events.at(-1)!.event], ['start', 'stop'])
    assert.equal(events.at(-1)!['applied'], 2)
    assert.deepEqual(
      events
        .filter(({ event }) => event === 'state')
        .map(({ from, to }) => `${String(from)} ${String(to)}`),
      ['new bootstrap', 'bootstrap live'],
    )
    const db = await open(replica)
    const found = db
      .prepare(
        `SELECT doc_id FROM docs WHERE dataset_id = 'docs' AND doc_id MATCH '[0.2, 1]' LIMIT 2`,
      )
      .pluck()
      .all()
    db.close()
    assert.deepEqual(found, ['north', 'east'])
  })

  test('once with a dataset that the upstream has not ends with 1', async () => {
    const { code, stdout } = await svec(sync('once', '--dataset', 'dosc'))
    assert.equal(code, 1)
    assert.deepEqual(eventLines(stdout).at(-1)!['missing'], ['dosc'])
  })

  test('lag and status tell what is missing, and limits are an alarm', async () => {
    const began = performance.now()
    await write('west', 'left')
    await write('west', 'left again')
    const lag = (await svecJson(sync('lag'))) as { ok: boolean; datasets: Lag[] }
    assert.equal(lag.ok, true)
    const [{ state, lastScn, headScn, entries, seconds }] = lag.datasets
    // REPLACE of a row that was there is a delete and an insert.
    assert.deepEqual(
      { state, entries, behind: headScn - lastScn },
      { state: 'live', entries: 3, behind: 3 },
    )
    assert.ok(seconds >= 0 && seconds <= (performance.now() - began) / 1000, String(seconds))
    assert.equal((await svec(sync('lag', '--max-entries', '2'))).code, 1)
    assert.equal((await svec(sync('lag', '--max-entries', '3', '--max-seconds', '600'))).code, 0)
    await new Promise(resolve => {
      setTimeout(resolve, 1100)
    })
    assert.equal((await svec(sync('lag', '--max-seconds', '1'))).code, 1)
    const text = await svec(sync('status'))
    assert.equal(text.code, 0)
    assert.match(text.stdout, /dataset +state +at +head +behind +seconds\ndocs +live +2 +5 +3 +\d/)
    assert.match(text.stdout, /no replicator is running/)
    const offline = (await svecJson(sync('status', '--offline'))) as { datasets: Lag[] }
    assert.equal(offline.datasets[0].lastScn, 2)
    assert.equal(offline.datasets[0].headScn, undefined)
    await svec(sync('once'))
    const caughtUp = (await svecJson(sync('lag'))) as { datasets: Lag[] }
    assert.equal(caughtUp.datasets[0].entries, 0)
    assert.equal(caughtUp.datasets[0].seconds, 0)
  })

  test('verify finds one byte, repair mends that row alone', async () => {
    const db = await open(replica)
    db.exec(`UPDATE _vec_docs SET content = 'uP', scn = scn WHERE id = 'north'`)
    db.close()
    const found = await svec(sync('verify'))
    assert.equal(found.code, 1)
    assert.match(
      found.stdout,
      /docs: DIFFERENT at 5, 3 rows upstream, 3 here\n {2}different {2}"north"/,
    )
    const report = (await svecJson(sync('verify'), { code: 1 })) as {
      equal: boolean
      datasets: { differences: object[] }[]
    }
    assert.equal(report.equal, false)
    assert.deepEqual(report.datasets[0].differences, [{ id: 'north', kind: 'different' }])
    const repaired = (await svecJson(sync('repair'))) as {
      repaired: number
      after: { equal: boolean }
    }
    assert.deepEqual([repaired.repaired, repaired.after.equal], [1, true])
    assert.equal((await rowsOf(replica)).find(({ id }) => id === 'north')!.content, 'up')
    const equal = await svec(sync('verify'))
    assert.equal(equal.code, 0)
    assert.match(equal.stdout, /^docs: equal at 5, 3 rows\n/)
  })

  test('run follows until SIGTERM, serves metrics on loopback, and is seen by status', async () => {
    const run = running(sync('run', '--metrics-port', '0', '--interval', '20'))
    const { metrics } = await run.until(({ event }) => event === 'start')
    assert.match(String(metrics), /^http:\/\/127\.0\.0\.1:\d+\/metrics$/)
    await write('south', 'down', [0, -1])
    await run.until(({ event, lastScn }) => event === 'progress' && lastScn === 6)
    const response = await fetch(String(metrics))
    assert.match(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/)
    const text = await response.text()
    for (const line of text.trimEnd().split('\n')) {
      assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [\d.e+]+)$/)
    }
    assert.match(text, /^svec_sync_last_scn\{dataset="docs"\} 6$/m)
    assert.match(text, /^svec_sync_lag_entries\{dataset="docs"\} 0$/m)
    assert.match(text, /^svec_sync_state\{dataset="docs",state="live"\} 1$/m)
    assert.match(text, /^svec_sync_applied_total\{dataset="docs"\} 1$/m)
    assert.match(text, /^svec_sync_connected 1$/m)
    assert.doesNotMatch(text, /geheim/)
    const elsewhere = await fetch(String(metrics).replace('/metrics', '/'))
    assert.equal(elsewhere.status, 404)
    const taken = await svec(sync('run', '--metrics-port', new URL(String(metrics)).port))
    assert.equal(taken.code, 3)
    assert.match(taken.stderr, /cannot serve metrics at 127\.0\.0\.1:\d+ \(EADDRINUSE\)/)
    const status = (await svecJson(sync('status'))) as { replicator?: object }
    assert.ok(status.replicator, 'a replicator runs')
    const second = await svec(sync('once'))
    assert.equal(second.code, 4, 'the lease is taken')
    assert.match(second.stderr, /another replicator is writing to this replica/)
    // It need not hold the lease.
    assert.equal((await svec(sync('verify'))).code, 0)
    const cmdline = `/proc/${run.child.pid}/cmdline`
    if (existsSync(cmdline)) assert.doesNotMatch(readFileSync(cmdline, 'utf8'), /geheim/)
    run.child.kill('SIGTERM')
    const { code, stderr, stdout } = await run.ended
    assert.deepEqual([code, stderr], [0, ''])
    assert.equal(eventLines(stdout).at(-1)!['reason'], 'signal')
    assert.equal((await svec(sync('once'))).code, 0, 'the lease was given up')
  })

  test('SIGTERM in a bootstrap and in a long log: the batch is committed, the next run goes on there', async () => {
    await fill(20_000, 'first')
    const copy = join(folder, 'copy.sqlite')
    const args = sync('run', '--replica', copy, '--batch-size', '200')
    const first = running(args)
    await first.until(({ event, phase }) => event === 'progress' && phase === 'bootstrap')
    first.child.kill('SIGTERM')
    assert.equal((await first.ended).code, 0)
    const states = (await svecJson(['sync', 'status', '--replica', copy])) as {
      datasets: { state: string; lastScn: number }[]
    }
    assert.equal(states.datasets[0].state, 'bootstrap')
    const copied = await rowsOf(copy)
    assert.ok(copied.length >= 200 && copied.length < 20_004, String(copied.length))
    const db = await open(copy, { readonly: true })
    const cursor = db.prepare('SELECT boot_cursor FROM vec_sync_state').pluck().get()
    db.close()
    assert.equal(copied.at(-1)!.id, cursor, 'rows and cursor are of one transaction')

    const second = await svec(sync('once', '--replica', copy))
    assert.equal(second.code, 0)
    const applied = eventLines(second.stdout).at(-1)!['applied'] as number
    assert.equal(applied, 20_004 - copied.length, 'nothing was copied twice')

    await fill(20_000, 'second')
    const third = running(args)
    await third.until(({ event, lagEntries }) => event === 'progress' && Number(lagEntries) > 0)
    third.child.kill('SIGTERM')
    assert.equal((await third.ended).code, 0)
    const later = (await svecJson(['sync', 'status', '--replica', copy])) as {
      datasets: { lastScn: number }[]
    }
    const through = later.datasets[0].lastScn - states.datasets[0].lastScn
    assert.ok(through > 0 && through < 20_000, String(through))
    assert.equal(through % 200, 0, 'whole batches')
    const rows = await rowsOf(copy)
    assert.equal(rows.filter(({ content }) => content === 'second').length, through)
    assert.equal((await svec(sync('once', '--replica', copy))).code, 0)
    assert.equal((await svec(sync('verify', '--replica', copy))).code, 0)
  })

  test('once that is ended before it is done says so', async () => {
    await fill(20_000, 'third')
    const once = running(sync('once', '--batch-size', '100'))
    await once.until(({ event }) => event === 'progress')
    once.child.kill('SIGTERM')
    const { code, stderr } = await once.ended
    assert.equal(code, 130)
    assert.match(stderr, /interrupted/)
    assert.equal((await svec(sync('once'))).code, 0)
    assert.equal((await svec(sync('verify'))).code, 0)
  })

  test('prune deletes what the replicas have, and keeps what a checkpoint stands on', async () => {
    const answer = (await svecJson(sync('prune', '--min-age', '0'))) as {
      deleted: number
      datasets: { datasetId: string; prunedScn: number }[]
    }
    assert.equal(answer.datasets[0].datasetId, 'docs')
    assert.ok(answer.deleted > 0)
    const [rows] = await client.query('SELECT MIN(scn) AS low, COUNT(*) AS n FROM vec_shadow_log')
    const [{ low }] = rows as { low: number }[]
    assert.equal(low, answer.datasets[0].prunedScn + 1)
    assert.equal((await svec(sync('once'))).code, 0)
    const kept = await svec(sync('prune', '--min-age', '1d'))
    assert.match(kept.stdout, /\n0 entries deleted\n/)
  })

  test('a halt ends once with 1, is told by status, and answered by repair --rebootstrap', async () => {
    await client.query(`DELETE FROM vec_shadow_log`)
    await write('after', 'the gap')
    await write('after', 'the gap, again')
    await client.query(`DELETE FROM vec_shadow_log ORDER BY scn LIMIT 1`)
    const halted = await svec(sync('once'))
    assert.equal(halted.code, 1)
    const stop = eventLines(halted.stdout).at(-1)!
    assert.equal(stop['reason'], 'incomplete')
    const status = await svec(sync('status'))
    assert.equal(status.code, 1)
    assert.match(
      status.stdout,
      /docs is halted, (LOG_GAP|HISTORY_DIVERGED): .*\n.*svec sync repair --rebootstrap --dataset docs/,
    )
    assert.equal((await svec(sync('lag'))).code, 1)
    assert.equal((await svec(sync('repair', '--resume'))).code, 1, 'the cause is still there')
    const mended = await svec(sync('repair', '--rebootstrap', '--dataset', 'docs'))
    assert.equal(mended.code, 0, mended.stdout + mended.stderr)
    assert.equal((await svec(sync('status'))).code, 0)
    await client.query(`DELETE FROM vec_shadow_log`)
    const codes = ['LOG_GAP', 'HISTORY_DIVERGED'].flatMap(code => ['--auto-rebootstrap', code])
    const by = await svec(sync('once', ...codes))
    assert.equal(by.code, 0, by.stdout + by.stderr)
    assert.ok(
      eventLines(by.stdout).some(
        ({ event, message }) =>
          event === 'warning' && /copying the dataset again/.test(String(message)),
      ),
    )
    // Every dataset that was named is halted: there is nothing left to follow.
    await write('after', 'the last gap')
    await write('after', 'the last gap, again')
    await client.query(`DELETE FROM vec_shadow_log`)
    const run = await svec(sync('run', '--dataset', 'docs'))
    assert.equal(run.code, 3)
    assert.match(run.stderr, /svec: /)
    const both = await svec(sync('repair', '--resume', '--rebootstrap'))
    assert.equal(both.code, 2)
  })

  test('capture app makes tables without triggers', async () => {
    const args = ['--shadow-table', 'chapters', '--prefix', 'app_', '--capture', 'app']
    const answer = (await svecJson(sync('init', 'x', ...args))) as Record<string, unknown>
    assert.equal(answer['capture'], 'app')
    const [triggers] = await client.query(`SHOW TRIGGERS LIKE 'chapters'`)
    const [datasets] = await client.query(`SELECT dataset_id FROM app_dataset`)
    assert.deepEqual([triggers, datasets], [[], [{ dataset_id: 'x' }]])
  })

  test('numbers beyond 2^53 are exact, as text', async () => {
    await client.query(`INSERT INTO vec_dataset (dataset_id) VALUES ('far')`)
    await client.query(
      `INSERT INTO vec_dataset_scn (dataset_id, shadow_table, last_scn, pruned_scn) VALUES ('far', 'shadow_vec_docs', 9007199254740993, 9007199254740993)`,
    )
    const far = join(folder, 'far.sqlite')
    await svec(sync('once', '--replica', far, '--dataset', 'far'))
    await client.query(
      `INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('far', 'a'), ('far', 'b')`,
    )
    const { stdout } = await svec(sync('once', '--replica', far, '--dataset', 'far'))
    const progress = eventLines(stdout).find(({ event }) => event === 'progress')!
    assert.equal(progress['lastScn'], '9007199254740995')
    const text = await svec(sync('status', '--replica', far, '--dataset', 'far'))
    assert.match(text.stdout, /far +live +9007199254740995 +9007199254740995 +0/)
  })
})
