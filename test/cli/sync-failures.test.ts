import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Connection } from 'mysql2/promise'
import { mariadbMissing, type MariadbServer } from '../servers/mariadb.ts'
import { startProxy } from '../servers/proxy.ts'
import { until } from '../servers/until.ts'
import { SVEC } from '../svec-program.ts'
import { svec, svecJson, temporaryFolder } from './svec.ts'
import { eventLines, running, SECRET, startWithUser } from './sync-servers.ts'

const folder = temporaryFolder()
/** A port that no server listens at. */
const NOBODY = 'mysql://app@127.0.0.1:1/shop'
let made = 0
const replica = (): string => join(folder, `replica-${made++}.sqlite`)

test('a server that is not there ends once with 3, at once', async () => {
  const began = performance.now()
  const { code, stderr, stdout } = await svec(['sync', 'once', '-u', NOBODY, '-r', replica()])
  assert.equal(code, 3)
  assert.match(stderr, /connecting to mysql:\/\/app@127\.0\.0\.1:1\/shop: connect ECONNREFUSED/)
  assert.match(stderr, /check the address of the upstream/)
  const stop = eventLines(stdout).at(-1)!
  assert.deepEqual([stop.event, stop['reason']], ['stop', 'error'])
  assert.equal((stop['error'] as { code: string }).code, 'SYNC_TRANSPORT')
  assert.ok(performance.now() - began < 20_000)
})

test('run waits for a server that is not there, and SIGTERM ends it with 0', async () => {
  const run = running(['sync', 'run', '-u', NOBODY, '-r', replica()])
  const { message } = await run.until(({ event }) => event === 'warning')
  assert.match(String(message), /ECONNREFUSED.*; trying again in \d+ ms/)
  run.child.kill('SIGTERM')
  assert.equal((await run.ended).code, 0)
})

test('metrics tell that an upstream is away', async () => {
  const run = running(['sync', 'run', '-u', NOBODY, '-r', replica(), '--metrics-port', '0'])
  const { metrics } = await run.until(({ event }) => event === 'start')
  await run.until(({ event }) => event === 'warning')
  const text = await (await fetch(String(metrics))).text()
  assert.match(text, /^svec_sync_connected 0$/m)
  assert.match(text, /^svec_sync_failing 1$/m)
  assert.match(text, /^svec_sync_warnings_total [1-9]/m)
  run.child.kill('SIGINT')
  assert.equal((await run.ended).code, 0)
})

describe('svec sync, failures of MariaDB', { skip: mariadbMissing ?? false }, () => {
  let server: MariadbServer
  let client: Connection
  let url: string
  const env = { SVEC_SYNC_PASSWORD: SECRET }

  before(async () => {
    ;({ server, url } = await startWithUser())
    client = await server.connect()
    await svecJson(['sync', 'init', 'docs', '-u', url], { env })
    await client.query(
      `INSERT INTO shadow_vec_docs (dataset_id, id, content) VALUES ('docs', 'a', REPEAT('x', 50000))`,
    )
  })
  after(async () => {
    client.destroy()
    await server.remove()
  })

  test('a wrong password is refused, and stands in no output', async () => {
    const wrong = 'verkehrt-4711 %'
    for (const command of ['init', 'once', 'run', 'lag', 'status', 'prune', 'verify', 'repair']) {
      const file = replica()
      const takes = !['init', 'prune'].includes(command)
      if (takes) await svec(['sync', 'once', '-u', url, '-r', file], { env })
      const { code, stdout, stderr } = await svec(
        ['sync', command, '-u', url, ...(takes ? ['-r', file] : []), '--json'],
        { env: { SVEC_SYNC_PASSWORD: wrong, SVEC_DEBUG: '1' } },
      )
      assert.equal(code, 3, command + stdout + stderr)
      const output = stdout + stderr
      assert.match(output, /Access denied for user 'app'.*\(using password: YES\)/, command)
      assert.match(output, /SVEC_SYNC_PASSWORD, --password-file or --password-env/, command)
      assert.doesNotMatch(output, /verkehrt|4711/, command)
    }
  })

  test('a wrong password in a URL of the environment or of a file stands in no output', async () => {
    const whole = url.replace('app@', 'app:verkehrt-4711@')
    const config = join(folder, 'wrong.json')
    writeFileSync(config, JSON.stringify({ upstream: whole }))
    for (const [args, more] of [
      [[], { SVEC_SYNC_UPSTREAM: whole }],
      [['--config', config], {}],
    ] as const) {
      const { code, stdout, stderr } = await svec(['sync', 'once', ...args, '-r', replica()], {
        env: { ...more, SVEC_DEBUG: '1' },
      })
      assert.equal(code, 3)
      assert.match(stderr, /Access denied/)
      assert.doesNotMatch(stdout + stderr, /verkehrt|4711/)
    }
  })

  test('every way to give the password opens the door', async () => {
    const file = join(folder, 'password')
    writeFileSync(file, `${SECRET}\n`)
    const whole = url.replace('app@', `app:${encodeURIComponent(SECRET)}@`)
    const config = join(folder, 'right.json')
    writeFileSync(config, JSON.stringify({ upstream: url, passwordFile: 'password' }))
    for (const [args, more] of [
      [['-u', url], env],
      [['-u', url, '--password-file', file], {}],
      [['-u', url, '--password-env', 'DB_PASSWORD'], { DB_PASSWORD: SECRET }],
      [[], { SVEC_SYNC_UPSTREAM: whole }],
      [['-c', config], {}],
    ] as const) {
      const { code, stdout, stderr } = await svec(['sync', 'once', ...args, '-r', replica()], {
        env: more,
      })
      assert.equal(code, 0, stdout + stderr)
      assert.doesNotMatch(stdout, /geheim/)
    }
  })

  test('the process shows no password in its arguments', { skip: noProc() }, async () => {
    const run = running(['sync', 'run', '-u', url, '-r', replica()], env)
    await run.until(({ event }) => event === 'progress')
    const shown = spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(run.child.pid)]).stdout
    assert.match(shown.toString(), /sync run/)
    assert.doesNotMatch(shown.toString(), /geheim/)
    run.child.kill('SIGTERM')
    assert.equal((await run.ended).code, 0)
  })

  test('a server that stops answering is given up at the deadline', async () => {
    const proxy = await startProxy(server.port)
    const through = url.replace(String(server.port), String(proxy.port))
    try {
      const file = replica()
      await svec(['sync', 'once', '-u', url, '-r', file], { env })
      for (const command of ['once', 'lag', 'status', 'verify']) {
        proxy.arm('freeze', 0)
        const began = performance.now()
        const { code, stdout, stderr } = await svec(
          ['sync', command, '-u', through, '-r', file, '--deadline', '0.5'],
          { env },
        )
        assert.equal(code, 3, command + stdout + stderr)
        assert.match(stdout + stderr, /no answer within 500 ms|ETIMEDOUT|timeout/i, command)
        assert.ok(performance.now() - began < 15_000, command)
        proxy.disarm()
      }
    } finally {
      await proxy.close()
    }
  })

  test('SIGTERM does not wait for a server that stopped answering', async () => {
    const proxy = await startProxy(server.port)
    const through = url.replace(String(server.port), String(proxy.port))
    const run = running(['sync', 'run', '-u', through, '-r', replica()], env)
    try {
      await run.until(({ event }) => event === 'progress')
      proxy.arm('freeze', 0)
      await until(() => proxy.frozen, 'nothing was asked of the server')
      const began = performance.now()
      run.child.kill('SIGTERM')
      assert.equal((await run.ended).code, 0)
      assert.ok(performance.now() - began < 15_000, 'the deadline alone is 30 s')
    } finally {
      await proxy.close()
    }
  })

  test('a second SIGTERM ends at once', async () => {
    const proxy = await startProxy(server.port)
    const through = url.replace(String(server.port), String(proxy.port))
    const run = running(['sync', 'run', '-u', through, '-r', replica()], env)
    try {
      await run.until(({ event }) => event === 'progress')
      proxy.arm('freeze', 0)
      await until(() => proxy.frozen, 'nothing was asked of the server')
      // Signals of one kind that come close together may arrive as one.
      const signals = setInterval(() => run.child.kill('SIGTERM'), 200)
      void run.ended.finally(() => clearInterval(signals))
      // After the grace that the first one gives it would end with 0.
      assert.equal((await run.ended).code, 130)
    } finally {
      await proxy.close()
    }
  })

  test('a second run stands by, says so, and takes over', async () => {
    const file = replica()
    const first = running(['sync', 'run', '-u', url, '-r', file], env)
    await first.until(({ event }) => event === 'progress')
    const second = running(['sync', 'run', '-u', url, '-r', file, '--metrics-port', '0'], env)
    await second.until(({ event, standby }) => event === 'lease' && standby === true)
    const { metrics } = await second.until(({ event }) => event === 'start')
    assert.match(await (await fetch(String(metrics))).text(), /^svec_sync_leader 0$/m)
    first.child.kill('SIGTERM')
    assert.equal((await first.ended).code, 0)
    await second.until(({ event, standby }) => event === 'lease' && standby === false)
    assert.match(await (await fetch(String(metrics))).text(), /^svec_sync_leader 1$/m)
    second.child.kill('SIGTERM')
    assert.equal((await second.ended).code, 0)
  })

  test('run outlives a restart of the server, and goes on', async () => {
    const run = running(['sync', 'run', '-u', url, '-r', replica()], env)
    await run.until(({ event }) => event === 'progress')
    await server.stop()
    await run.until(({ event }) => event === 'warning')
    await server.start()
    client = await server.connect()
    await client.query(`INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('docs', 'restarted')`)
    const [rows] = await client.query('SELECT last_scn FROM vec_dataset_scn')
    const [{ last_scn: head }] = rows as { last_scn: number }[]
    await run.until(({ event, lastScn }) => event === 'progress' && lastScn === head)
    run.child.kill('SIGTERM')
    assert.equal((await run.ended).code, 0)
  })

  test('a terminal gets a live line and words instead of JSON', { skip: noScript() }, () => {
    const main = SVEC
    const command = `timeout -s TERM 10 ${process.execPath} ${main} sync run -u ${url} -r ${replica()}`
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    })
    assert.match(stdout, /follows mysql:\/\/app@127\.0\.0\.1:\d+\/test; Ctrl-C stops it\r\n/)
    assert.match(stdout, /\d\d:\d\d:\d\d {2}docs: bootstrap -> live\r\n/)
    assert.match(stdout, /\rdocs: live \| up to date \| \d+\/s/)
    assert.match(stdout, /stopped, \d+ applied\r\n/)
    assert.doesNotMatch(stdout, /"event"|geheim/)
  })
})

function noProc(): string | false {
  return spawnSync('ps', ['-o', 'args=', '-p', String(process.pid)]).status === 0
    ? false
    : 'there is no ps'
}

function noScript(): string | false {
  return spawnSync('script', ['--version']).status === 0 ? false : 'there is no script (util-linux)'
}
