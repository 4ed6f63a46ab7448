import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { open } from '../../src/entries/main.ts'
import { connect } from '../../src/entries/worker.ts'
import { ExampleFolder } from '../example-folder.ts'
import { moduleArguments } from '../module-arguments.ts'
import { refusedLater } from '../refusal.ts'
import { COUNT_FOREVER, count, inMemory } from './in-memory.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'connect-'))
})
after(() => rmSync(folder, { recursive: true }))

/** Only Node ends a worker alone that has no memory left. */
function withoutLimit(): string | false {
  if ('bun' in process.versions) return 'Bun does not limit the memory of a worker'
  if ('deno' in process.versions) return 'Deno ends the whole process'
  return false
}

describe('the end of calls', () => {
  test('a signal ends a call that waits, and a running statement, whose writes are undone', async () => {
    await inMemory(async db => {
      const aborted = AbortSignal.abort(new Error('before'))
      await assert.rejects(db.get('SELECT 1', [], { signal: aborted }), /before/)
      const controller = new AbortController()
      const running = db.get(COUNT_FOREVER, [], { signal: AbortSignal.timeout(200) })
      const waiting = db.run('INSERT INTO t VALUES (1, 1)', [], { signal: controller.signal })
      controller.abort(new Error('while it waits'))
      await assert.rejects(waiting, /while it waits/)
      await assert.rejects(running, { name: 'TimeoutError' })
      const many = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO t SELECT i, i FROM n`
      const write = db.run(many, [], { signal: AbortSignal.timeout(200) })
      await assert.rejects(write, { name: 'TimeoutError' })
      const list = db.transaction([['INSERT INTO t VALUES (0, 0)'], [many]], { signal: AbortSignal.timeout(200) }) // prettier-ignore
      await assert.rejects(list, { name: 'TimeoutError' })
      assert.equal(await count(db), 0)
    })
  })

  test('a signal of one call does not end the next one', async () => {
    await inMemory(async db => {
      for (let i = 0; i < 200; i++) {
        const controller = new AbortController()
        const first = db.get('SELECT 1', [], { signal: controller.signal })
        const second = count(db)
        setImmediate(() => {
          controller.abort(new Error('late'))
        })
        await first.catch((error: Error) => {
          assert.equal(error.message, 'late')
        })
        assert.equal(await second, 0)
      }
    })
  })

  test('interrupt() ends what runs, and leaves what waits', async () => {
    await inMemory(async db => {
      const running = db.get(COUNT_FOREVER)
      const waiting = count(db)
      setTimeout(() => {
        db.interrupt()
      }, 100)
      await refusedLater(running, 'SQLITE_INTERRUPT')
      assert.equal(await waiting, 0)
    })
  })

  test('close() waits for calls that were made, and refuses those that come', async () => {
    const path = join(folder, 'closed.sqlite')
    const db = await connect(path)
    await db.exec('CREATE TABLE t(x)')
    const rows = Array.from({ length: 10_000 }, (_, i) => [i])
    const calls = [db.insertMany('t', ['x'], rows), db.get('SELECT 1 AS one')] as const
    const closed = db.close()
    assert.equal(db.open, false)
    await refusedLater(db.get('SELECT 1'), 'VEC_CLOSED', path)
    assert.deepEqual(await Promise.all(calls), [10_000, { one: 1 }])
    await closed
    await db.close()
    using again = await open(path)
    assert.equal(again.prepare('SELECT count(*) FROM t').pluck().get(), 10_000)
  })

  const own = new URL('./own-worker.js', import.meta.url)
  test('a worker that exits rejects what was asked, and all that comes', async () => {
    const db = await connect(':memory:', { worker: () => new Worker(own) })
    const calls = [db.get('SELECT leave(3)'), db.get('SELECT 1'), db.exec('SELECT 1')]
    const refusals = calls.map(async call => refusedLater(call, 'VEC_WORKER', ':memory:', 'code 3'))
    await Promise.all(refusals)
    assert.equal(db.open, false)
    await refusedLater(db.get('SELECT 1'), 'VEC_WORKER')
    await refusedLater(db.insertMany('t', ['x'], [[1]]), 'VEC_WORKER')
    await db.close()
  })

  test('an error that is thrown outside of any call ends the worker, with that cause', async () => {
    const db = await connect(':memory:', { worker: () => new Worker(own) })
    const calls = async (): Promise<void> => {
      await db.get('SELECT crash()')
      for (let i = 0; i < 10_000; i++) await db.get('SELECT 1')
    }
    // Nothing but these calls, and then close(), keeps this process alive.
    const error = await refusedLater(calls(), 'VEC_WORKER')
    assert.match((error.cause as Error).message, /thrown outside of any call/)
    await db.close()
  })

  test(
    'a worker that runs out of memory does not take the process with it',
    { skip: withoutLimit() },
    () => {
      using example = new ExampleFolder()
      const program = `
      import { connect } from 'sqlite-vec-ts/worker'
      const db = await connect(':memory:')
      const many = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, hex(i) FROM n'
      const [rows, next] = await Promise.allSettled([db.all(many), db.get('SELECT 1')])
      console.log(rows.reason.code, rows.reason.cause.code, next.reason.code)`
      writeFileSync(join(example.path, 'memory.mjs'), program)
      const printed = example.command(process.execPath, ['--max-old-space-size=64', 'memory.mjs'])
      assert.equal(printed.trim(), 'VEC_WORKER ERR_WORKER_OUT_OF_MEMORY VEC_WORKER')
    },
  )

  test('a worker whose file is missing is named, with the remedy', async () => {
    const missing = new URL('./missing-worker.js', import.meta.url)
    const error = await refusedLater(
      connect(':memory:', { worker: () => new Worker(missing) }),
      'VEC_WORKER',
      'missing-worker.js',
    )
    assert.match(error.hint!, /serve\(\)/)
  })

  test('an idle client lets the process end, one that waits for an answer does not', () => {
    using example = new ExampleFolder()
    const printed = example.run(`
      import { connect } from 'sqlite-vec-ts/worker'
      const db = await connect(':memory:')
      const slow = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300000) SELECT count(*) AS n FROM n'
      db.get(slow).then(row => console.log(row.n))`)
    assert.equal(printed.trim(), '300000')
    const text = `import { connect } from 'sqlite-vec-ts/worker'; const db = await connect(':memory:'); console.log((await db.get('SELECT 7 AS n')).n)`
    const evaluated = example.command(process.execPath, moduleArguments(text))
    assert.equal(evaluated.trim(), '7')
  })
})
