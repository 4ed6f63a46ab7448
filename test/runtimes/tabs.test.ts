import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { seededTest } from '../seed.ts'
import { noChromium } from './chromium.ts'
import { closeCollectionLeader } from './close-collection-leader.ts'
import { closeLeader } from './close-leader.ts'
import { TabSite, type Tab } from './tab-site.ts'

const CONNECT = `state.db = await connect('app.sqlite')`
const ENDLESS =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'

/** Inserts 50 rows, which name the tab. */
const write = async (tab: Tab, i: number): Promise<unknown> =>
  tab.run(
    `for (let x = 0; x < 50; x++) await state.db.run('INSERT INTO t VALUES (?, ?)', [${i}, x])`,
  )

describe('connect() in tabs of Chromium', { skip: noChromium }, () => {
  let site: TabSite
  before(async () => {
    site = await TabSite.start()
  })
  after(async () => site.close())

  /** Tabs of one profile that are connected to one database, which the first of them has open. */
  async function connected(count: number): Promise<Tab[]> {
    const open = await site.profile()
    const tabs: Tab[] = []
    for (let i = 0; i < count; i++) {
      const tab = await open()
      await tab.run(CONNECT)
      tabs.push(tab)
    }
    return tabs
  }

  test('one tab searches a file through a worker, which lasts', async () => {
    const open = await site.profile()
    const tab = await open()
    const rows = await tab.run(`
      ${CONNECT}
      await state.db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
      const rows = Array.from({ length: 5000 }, (_, i) => ['d', 'n' + i, Float32Array.of(i, 5000 - i)])
      return state.db.insertMany('_vec_docs', ['dataset_id', 'id', 'embedding'], rows)`)
    assert.equal(rows, 5000)
    const search = `
      const { hits } = await state.db.search('docs', { dataset: 'd', vector: Float32Array.of(1, 3), k: 2 })
      return hits.map(({ id }) => id)`
    assert.deepEqual((await tab.run<string[]>(search))[0], 'n1250')
    await tab.page.reload()
    await tab.page.waitForFunction('globalThis.ready')
    await tab.run(CONNECT)
    assert.deepEqual((await tab.run<string[]>(search))[0], 'n1250')
    await tab.run('await state.db.close()')
    assert.deepEqual(await tab.run('return await stored.listDatabases()'), ['app.sqlite'])
    assert.equal((await tab.refused('return await state.db.get("SELECT 1")')).code, 'VEC_CLOSED')
  })

  test('the first call that needs later code waits for it: alone, in a batch, and in a transaction', async () => {
    const open = await site.profile()
    const calls = [
      `return Object.values(await state.db.get("SELECT vec_length('[1, 2]')"))`,
      `await state.db.batch('INSERT INTO t VALUES (vec_length(?))', [['[1]'], ['[1, 2]']])
       return (await state.db.all('SELECT x FROM t')).map(({ x }) => x)`,
      `await state.db.transaction(['INSERT INTO t VALUES (1)', "INSERT INTO t SELECT vec_length('[1, 2]')"])
       return (await state.db.all('SELECT x FROM t')).map(({ x }) => x)`,
      `const { op } = await state.db.get("SELECT op FROM vec_admin WHERE op MATCH 'check:main._vec_docs:d'")
       return [typeof op, op.includes('every change to the table is recorded')]`,
    ]
    for (const [i, expected] of [[2], [1, 2], [1, 2], ['string', true]].entries()) {
      const tab = await open()
      await tab.run(`state.db = await connect(':memory:')
        await state.db.exec('CREATE TABLE t(x); CREATE VIRTUAL TABLE docs USING vec(doc_id)')
        await state.db.run("INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('d', 'a', '[1, 2]')")`)
      assert.deepEqual(await tab.run(calls[i]), expected, calls[i])
      await tab.page.close()
    }
  })

  test('searches with recall are right before the code of clusters is there, and after', async () => {
    const tab = await (await site.profile())()
    const found = await tab.run<number[]>(`
      state.db = await connect(':memory:')
      await state.db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=l2)')
      let seed = 7
      const random = () => ((seed = Math.imul(seed, 1664525) + 1013904223 | 0) >>> 8) / 2 ** 24 - 0.5
      const rows = Array.from({ length: 20000 }, () => Float32Array.from({ length: 16 }, random))
      await state.db.insertMany('_vec_docs', ['dataset_id', 'id', 'embedding'],
        rows.map((row, i) => ['d', String(i), vec.encodeEmbedding(row)]))
      const search = async () => {
        const query = Float32Array.from({ length: 16 }, random)
        const far = i => rows[i].reduce((sum, x, d) => sum + (x - query[d]) ** 2, 0)
        const nearest = rows.map((_, i) => [far(i), String(i)]).sort(([a], [b]) => a - b).slice(0, 10).map(([, id]) => id)
        const { hits } = await state.db.search('docs', { dataset: 'd', vector: query, k: 10, recall: 0.9 })
        return hits.filter(({ id }) => nearest.includes(id)).length / 10
      }
      const mean = async times => {
        let sum = 0
        for (let i = 0; i < times; i++) sum += await search()
        return sum / times
      }
      const first = await search()
      await state.db.get("SELECT vec_length('[1, 2]')")
      await mean(20)
      return [first, await mean(40)]`)
    assert.equal(found[0], 1)
    assert.ok(found[1] >= 0.85, `recall ${found[1]}`)
  })

  test('a database in memory belongs to its tab, and errors keep their codes and hints', async () => {
    const tab = await (await site.profile())()
    await tab.run(`state.db = await connect(':memory:'); await state.db.exec('CREATE TABLE t(x)')`)
    assert.deepEqual(await tab.run(`return await state.db.all('SELECT * FROM t')`), [])
    const { code, hint } = await tab.refused(`await state.db.exec('BEGIN')`)
    assert.equal(code, 'SQLITE_MISUSE')
    assert.match(hint, /transaction/)
    assert.equal((await tab.refused('state.db.interrupt()')).code, 'VEC_ENGINE')
    const threads = await tab.refused(`await connect('app.sqlite', { threads: 2 })`)
    assert.match(threads.message, /threads.*one worker/)
    const missing = await tab.refused(`await connect('none.sqlite', { create: false })`)
    assert.equal(missing.code, 'SQLITE_CANTOPEN')
    assert.deepEqual(await tab.run('return await stored.listDatabases()'), [])
  })

  test('several tabs use one database, and each sees what the others wrote', async () => {
    const tabs = await connected(3)
    await tabs[0].run(`await state.db.exec('CREATE TABLE t(tab, x)')`)
    await Promise.all(tabs.map(write))
    for (const tab of tabs) {
      const rows = await tab.run(
        `return await state.db.all('SELECT tab, count(*) AS n FROM t GROUP BY tab')`,
      )
      assert.deepEqual(
        rows,
        [0, 1, 2].map(i => ({ tab: i, n: 50 })),
      )
    }
    const failed = await tabs[2].refused(
      `await state.db.transaction(['DELETE FROM t', 'SELECT nonsense'])`,
    )
    assert.equal(failed.code, 'SQLITE_ERROR')
    const many = `return await state.db.insertMany('t', ['tab', 'x'], Array.from({ length: 5000 }, (_, i) => [3, i]))`
    assert.deepEqual(await Promise.all(tabs.map(async tab => tab.run(many))), [5000, 5000, 5000])
    assert.deepEqual(
      await tabs[1].run(`return await state.db.get('SELECT count(*) AS n FROM t')`),
      { n: 15_150 },
    )
  })

  test('a client that closes in an orderly way loses nothing of others', async () => {
    const [first, second] = await connected(2)
    await first.run(`await state.db.exec('CREATE TABLE t(x)')`)
    const writing = second.run<number>(`
      let lost = 0
      for (let x = 0; x < 200; x++)
        await state.db.run('INSERT INTO t VALUES (?)', [x]).catch(({ code }) => { if (code !== 'VEC_LEADER') throw new Error(code); lost++ })
      return lost`)
    await new Promise(resolve => setTimeout(resolve, 50))
    await first.run('await state.db.close()')
    const lost = await writing
    const { n } = await second.run<{ n: number }>(
      `return await state.db.get('SELECT count(*) AS n FROM t')`,
    )
    assert.ok(lost <= 1 && n >= 200 - lost && n <= 200, `${lost} lost, ${n} rows`)
  })

  test('a read whose leader goes is repeated, a write is rejected, and its transaction undone', async () => {
    const [leader, reader, writer, waiting] = await connected(4)
    await leader.run(`await state.db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1)')`)
    const rows = writer.outcome(`return await state.db.exec(\`BEGIN; DELETE FROM t;
      INSERT INTO t ${ENDLESS.replace('count(*)', 'i')}; COMMIT\`)`)
    // The leader runs the write, and cannot answer the others.
    await new Promise(resolve => setTimeout(resolve, 1000))
    const read = reader.run(`return await state.db.all('SELECT x FROM t')`)
    const later = waiting.run(`return await state.db.run('INSERT INTO t VALUES (2)')`)
    await new Promise(resolve => setTimeout(resolve, 300))
    await leader.page.close()
    const { error } = await rows
    assert.equal(error?.code, 'VEC_LEADER')
    assert.match(error.hint, /committed or not/)
    const [found] = await Promise.all([read, later])
    // The write that no leader had taken may have come first.
    assert.ok(
      ['[{"x":1}]', '[{"x":1},{"x":2}]'].includes(JSON.stringify(found)),
      JSON.stringify(found),
    )
    assert.deepEqual(await reader.run(`return await state.db.all('SELECT x FROM t')`), [
      { x: 1 },
      { x: 2 },
    ])
    assert.deepEqual(await reader.run(`return await state.db.get('PRAGMA integrity_check')`), {
      integrity_check: 'ok',
    })
  })

  test('rows of an insertMany that were sent to a leader which goes are not inserted in part', async () => {
    const [leader, second] = await connected(2)
    await leader.run(`await state.db.exec('CREATE TABLE t(x)')`)
    const inserting = second.outcome(`
      const rows = async function* () {
        for (let i = 0; i < 5000; i++) yield [i]
        globalThis.half = true
        await new Promise(resolve => globalThis.go = resolve)
        for (let i = 0; i < 5000; i++) yield [i]
      }
      return await state.db.insertMany('t', ['x'], rows())`)
    await second.page.waitForFunction('globalThis.half')
    await leader.page.close()
    await second.page.evaluate(() => {
      ;(globalThis as unknown as { go: () => void }).go()
    })
    const { error } = await inserting
    assert.equal(error?.code, 'VEC_LEADER')
    assert.match(error.hint, /nothing was inserted/)
    assert.deepEqual(await second.run(`return await state.db.get('SELECT count(*) AS n FROM t')`), {
      n: 0,
    })
  })

  test('a file that another worker has open is refused, never replaced by an empty database', async () => {
    const open = await site.profile()
    const [first, second] = [await open(), await open()]
    await first.run(`${CONNECT}; await state.db.exec('CREATE TABLE t(x)')`)
    // The same lock, as a program might take that has the file open otherwise.
    const busy = await second.refused(`
      const root = await navigator.storage.getDirectory()
      const folder = await (await root.getDirectoryHandle('.sqlite-vec-ts')).getDirectoryHandle('other.sqlite', { create: true })
      const text = "onmessage = async ({ data }) => { globalThis.h = await (await data.getFileHandle('main', { create: true })).createSyncAccessHandle(); postMessage(1) }"
      const worker = new Worker(URL.createObjectURL(new Blob([text])))
      await new Promise(done => { worker.onmessage = done; worker.postMessage(folder) })
      await connect('other.sqlite', { busyTimeout: 300 })`)
    assert.equal(busy.code, 'SQLITE_BUSY')
    assert.match(busy.message, /other\.sqlite is open in another tab or worker/)
  })

  for (let round = 1; round <= 3; round++) {
    test(`the leader goes in the middle of 200 searches and 200 writes: round ${round}`, async t => {
      const { lost, wrong, uncertain } = await closeLeader(await site.profile(), round)
      t.diagnostic(`${uncertain} writes were rejected as uncertain`)
      assert.deepEqual({ lost, wrong }, { lost: 0, wrong: 0 })
    })
  }

  seededTest('TABS_SEED')(
    'the leader goes while two tabs write and search documents of one collection',
    async (t, seed) => {
      const report = await closeCollectionLeader(await site.profile(), seed)
      const { lost, wrong, rejected, answered } = report
      t.diagnostic(
        `${answered} writes of the closed tab answered, ${rejected} of the other rejected`,
      )
      assert.deepEqual({ lost, wrong }, { lost: 0, wrong: 0 })
      assert.ok(answered > 0)
    },
  )

  test('a page is not held up while its worker searches', async t => {
    const tab = await (await site.profile())()
    const gap = await tab.run<number>(`
      ${CONNECT}
      await state.db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
      const vector = i => Float32Array.from({ length: 96 }, (_, j) => Math.sin((i + 1) * (j + 1)))
      await state.db.insertMany('_vec_docs', ['dataset_id', 'id', 'embedding'], (function* () {
        for (let i = 0; i < 20_000; i++) yield ['d', 'n' + i, vector(i)]
      })())
      let [last, longest, done] = [performance.now(), 0, false]
      const tick = () => {
        const now = performance.now()
        longest = Math.max(longest, now - last)
        last = now
        if (!done) setTimeout(tick)
      }
      const query = vector(20_001)
      await state.db.search('docs', { dataset: 'd', vector: query, k: 10 })
      last = performance.now()
      tick()
      for (let i = 0; i < 200; i++) await state.db.search('docs', { dataset: 'd', vector: query, k: 10 })
      done = true
      return longest`)
    t.diagnostic(
      `the longest gap of the page's timers, 200 searches of 20,000 x 96: ${gap.toFixed(1)} ms`,
    )
    assert.ok(gap < 1000)
  })
})
