import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { stepsOf } from '../transcript.ts'
import { inWorker, newTab, outcome, refusedIn, workerSite, type Failure } from './browser-tab.ts'
import { noChromium, WebSite } from './chromium.ts'
import { recipesOf } from './pages.ts'
import { Project } from './project.ts'

/** Makes rows of random numbers in the worker, searches, and compares with double precision. */
const SEARCH = `
  const { db, query, rows, dim } = state
  const begin = performance.now()
  const found = state.search.all(new Uint8Array(query.buffer))
  state.lastMs = performance.now() - begin
  const scores = rows.map((row, i) => {
    let dot = 0, a = 0, b = 0
    for (let d = 0; d < dim; d++) { dot += row[d] * query[d]; a += row[d] ** 2; b += query[d] ** 2 }
    return { id: String(i), score: dot / Math.sqrt(a * b) }
  }).sort((x, y) => y.score - x.score).slice(0, 10).map(({ id }) => id)
  if (found.join() !== scores.join()) throw new Error('found ' + found + ', expected ' + scores)
  return state.lastMs`
const FILL = (count: number, dim: number): string => `
  const { encodeEmbedding, insertMany } = vec
  let seed = 7
  const random = () => ((seed = Math.imul(seed, 1664525) + 1013904223 | 0) >>> 8) / 2 ** 24 - 0.5
  state.dim = ${dim}
  state.rows = Array.from({ length: ${count} }, () => Float32Array.from({ length: ${dim} }, random))
  state.query = Float32Array.from({ length: ${dim} }, random)`
const INSERT = `
  state.db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  vec.insertMany(state.db, '_vec_docs', ['dataset_id', 'id', 'embedding'],
    state.rows.map((row, i) => ['d', String(i), vec.encodeEmbedding(row)]))`
const PREPARE = `state.search = state.db.prepare(
  "SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ? LIMIT 10").pluck()`

describe('Chromium', { skip: noChromium }, () => {
  let project: Project
  let site: WebSite
  before(async () => {
    project = new Project()
    site = await workerSite(project)
  })
  after(async () => {
    await site.close()
    project[Symbol.dispose]()
  })

  test('a database in memory is searched on the main thread', async () => {
    const page = await newTab(await site.profile())
    const found = await outcome<string>(
      page,
      'here',
      `const db = await vec.open(':memory:')
       db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
       const insert = db.prepare('INSERT INTO docs(dataset_id, doc_id, embedding) VALUES (?, ?, ?)')
       insert.run('d', 'a', vec.encodeEmbedding([1, 0]))
       insert.run('d', 'b', vec.encodeEmbedding([0, 1]))
       return db.prepare("SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH ?").pluck().get(vec.encodeEmbedding([0, 2]))`,
    )
    assert.deepEqual(found, { value: 'b' })
  })

  test('a file on the main thread is refused, with the remedy', async () => {
    const page = await newTab(await site.profile())
    const error = await refusedIn(page, 'here', `await vec.open('app.sqlite')`)
    assert.equal(error.code, 'VEC_ENGINE')
    assert.match(error.hint, /worker/)
  })

  test('a file survives a reload with its saved index, and is exact before and after', async t => {
    const page = await newTab(await site.profile())
    const fill = FILL(20_000, 96)
    await inWorker(page, `state.db = await vec.open('app.sqlite'); ${fill}; ${INSERT}; ${PREPARE}`)
    const first = await inWorker<number>(page, SEARCH)
    await inWorker(page, `state.db.close()`)
    await page.reload()
    await page.waitForFunction('globalThis.ready')
    await inWorker(
      page,
      `state.db = await vec.open('app.sqlite', { create: false }); ${fill}; ${PREPARE}`,
    )
    const again = await inWorker<number>(page, SEARCH)
    t.diagnostic(`first search ${first.toFixed(0)} ms; after a reload ${again.toFixed(0)} ms`)
    assert.equal(
      await inWorker(page, `return state.db.prepare('PRAGMA integrity_check').pluck().get()`),
      'ok',
    )
  })

  for (const mode of ['DELETE', 'TRUNCATE', 'PERSIST', 'WAL']) {
    test(`a worker that is ended within a transaction leaves the file as it was: ${mode}`, async () => {
      const open = await site.profile()
      const page = await newTab(open)
      const found = await page.evaluate(async journalMode => {
        const { start } = globalThis as unknown as {
          start: () => { ask: (code: string) => Promise<unknown>; worker: Worker }
        }
        const first = start()
        await first.ask(`
          state.db = await vec.open('app.sqlite')
          state.db.exec('PRAGMA journal_mode = ${journalMode}; PRAGMA cache_size = 10; CREATE TABLE t(x)')
          state.db.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO t SELECT randomblob(200) FROM n")
          state.db.exec('BEGIN; DELETE FROM t WHERE rowid % 2 = 0; UPDATE t SET x = zeroblob(200)')`)
        first.worker.terminate()
        const second = start()
        for (let tries = 0; ; tries++) {
          try {
            return await second.ask(`
              const db = await vec.open('app.sqlite')
              return [db.prepare('SELECT count(*) FROM t WHERE x <> zeroblob(200)').pluck().get(),
                db.prepare('PRAGMA integrity_check').pluck().get()]`)
          } catch (error) {
            if ((error as Failure).code !== 'SQLITE_BUSY' || tries === 50) throw error
            await new Promise(next => setTimeout(next, 100))
          }
        }
      }, mode)
      assert.deepEqual(found, [5000, 'ok'])
    })
  }

  test('a second worker is told that the file is open, and gets it once it is closed', async () => {
    const open = await site.profile()
    const [one, two] = [await newTab(open), await newTab(open)]
    await inWorker(
      one,
      `state.db = await vec.open('app.sqlite'); state.db.exec('CREATE TABLE t(x)')`,
    )
    const error = await refusedIn(two, 'ask', `await vec.open('app.sqlite')`)
    assert.equal(error.code, 'SQLITE_BUSY')
    assert.match(error.message, /app\.sqlite is open in another tab or worker/)
    await inWorker(two, `state.db = await vec.open('another.sqlite')`)
    await inWorker(one, `state.db.close()`)
    const tables = await inWorker(
      two,
      `state.db = await vec.open('app.sqlite'); return state.db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get()`,
    )
    assert.equal(tables, 1)
  })

  test('connections of one worker share a file, in WAL mode, too', async () => {
    const page = await newTab(await site.profile())
    const found = await inWorker(
      page,
      `const [a, b] = [await vec.open('app.sqlite'), await vec.open('app.sqlite')]
       a.exec('PRAGMA journal_mode = WAL; CREATE TABLE t(x)')
       a.exec('BEGIN; INSERT INTO t VALUES (1)')
       const before = b.prepare('SELECT count(*) FROM t').pluck().get()
       a.exec('COMMIT')
       const after = b.prepare('SELECT count(*) FROM t').pluck().get()
       a.close(); b.close()
       return [before, after]`,
    )
    assert.deepEqual(found, [0, 1])
  })

  test('databases are listed, exported, imported and deleted', async () => {
    const page = await newTab(await site.profile())
    await inWorker(
      page,
      `const db = await vec.open('one.sqlite')
       db.exec("CREATE TABLE t(x); INSERT INTO t VALUES ('kept')")
       state.db = db`,
    )
    const busy = await refusedIn(page, 'ask', `await stored.exportDatabase('one.sqlite')`)
    assert.equal(busy.code, 'SQLITE_BUSY')
    assert.equal(
      (await refusedIn(page, 'here', `await stored.deleteDatabase('one.sqlite')`)).code,
      'SQLITE_BUSY',
    )
    await inWorker(
      page,
      `state.db.close(); await stored.importDatabase('two.sqlite', await stored.exportDatabase('one.sqlite'))`,
    )
    const names = await outcome(page, 'here', `return await stored.listDatabases()`)
    assert.deepEqual(names, { value: ['one.sqlite', 'two.sqlite'] })
    assert.equal(
      await inWorker(
        page,
        `return (await vec.open('two.sqlite')).prepare('SELECT x FROM t').pluck().get()`,
      ),
      'kept',
    )
    for (const [code, expected] of [
      [
        `await stored.importDatabase('one.sqlite', new TextEncoder().encode('SQLite format 3\\0'))`,
        'SQLITE_CANTOPEN',
      ],
      [`await stored.importDatabase('three.sqlite', new Uint8Array(5000))`, 'SQLITE_NOTADB'],
      [`await stored.exportDatabase('three.sqlite')`, 'SQLITE_CANTOPEN'],
      [`await vec.open('three.sqlite', { readonly: true })`, 'SQLITE_CANTOPEN'],
    ])
      assert.equal((await refusedIn(page, 'ask', code)).code, expected, code)
    const gone = await outcome(
      page,
      'here',
      `return [await stored.deleteDatabase('one.sqlite'), await stored.deleteDatabase('one.sqlite'), (await stored.listDatabases()).join()]`,
    )
    assert.deepEqual(gone, { value: [true, false, 'two.sqlite'] })
    const report = await inWorker<{ quota: number; used: number; persistent: boolean }>(
      page,
      `return await stored.storageReport()`,
    )
    assert.ok(report.quota > report.used && report.used > 0)
    assert.equal(report.persistent, false)
  })

  test('a transaction over two files is refused whole', async () => {
    const page = await newTab(await site.profile())
    const found = await inWorker(
      page,
      `const [a, b] = [await vec.open('a.sqlite'), await vec.open('b.sqlite')]
       a.exec('CREATE TABLE t(x)'); b.exec('CREATE TABLE u(x)')
       a.exec("ATTACH 'b.sqlite' AS b")
       let code
       try { a.exec('BEGIN; INSERT INTO t VALUES (1); INSERT INTO b.u VALUES (1); COMMIT') } catch (e) { code = e.code; if (a.inTransaction) a.exec('ROLLBACK') }
       const count = [a.prepare('SELECT count(*) FROM t').pluck().get(), b.prepare('SELECT count(*) FROM u').pluck().get()]
       let missing
       try { a.exec("ATTACH 'c.sqlite' AS c") } catch (e) { missing = e.message }
       return { code, count, missing }`,
    )
    const { code, count, missing } = found as { code: string; count: number[]; missing: string }
    assert.equal(code, 'SQLITE_CANTOPEN')
    assert.deepEqual(count, [0, 0])
    assert.match(missing, /c\.sqlite is not open in this worker/)
  })

  test('100,000 vectors of 384 dimensions: exact, and how fast', async t => {
    const page = await newTab(await site.profile())
    const fill = FILL(100_000, 384)
    await inWorker(
      page,
      `state.db = await vec.open('large.sqlite'); ${fill}; ${INSERT}; ${PREPARE}`,
    )
    const first = await inWorker<number>(page, SEARCH)
    const many = `const times = []
      for (let i = 0; i < 100; i++) {
        const begin = performance.now()
        state.search.all(new Uint8Array(state.query.buffer))
        times.push(performance.now() - begin)
        state.query[i] += 0.01
      }
      return times.sort((a, b) => a - b)[50]`
    const median = await inWorker<number>(page, many)
    await inWorker(page, SEARCH)
    await inWorker(page, `state.db.close()`)
    await page.reload()
    await page.waitForFunction('globalThis.ready')
    await inWorker(page, `state.db = await vec.open('large.sqlite'); ${fill}; ${PREPARE}`)
    const reopened = await inWorker<number>(page, SEARCH)
    t.diagnostic(
      `Chromium ${await site.version()}: first search ${first.toFixed(0)} ms, median ${median.toFixed(1)} ms, first after a reload ${reopened.toFixed(0)} ms`,
    )
    assert.ok(reopened < first * 3)
  })
})

describe('docs/runtimes/browser.md', { skip: noChromium }, () => {
  for (const { title, files, tools, consoles } of recipesOf('docs/runtimes/browser.md')) {
    if (consoles.length === 0) continue
    test(`${title}: the page finds the nearest document`, async () => {
      using project = new Project(...tools)
      for (const { info, code } of files) project.write(info.split(' ')[1], code)
      for (const { code, line } of consoles)
        for (const { command, answer } of stepsOf(code))
          assert.equal(project.shell(command), answer, `line ${line}`)
      const site = await WebSite.start(join(project.path, 'site'))
      try {
        const open = await site.profile()
        for (const visit of ['first', 'second']) {
          const page = await open()
          await page.waitForFunction(`document.querySelector('#found').textContent !== ''`)
          const text = await page.evaluate(() => {
            const scope = globalThis as unknown as { document: { body: { textContent: string } } }
            return scope.document.body.textContent.trim()
          })
          assert.equal(text, 'east', visit)
          await page.close()
        }
      } finally {
        await site.close()
      }
    })
  }
})
