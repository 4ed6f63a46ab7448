import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { inWorker, newTab, refusedIn, workerSite } from './browser-tab.ts'
import { noChromium, type WebSite } from './chromium.ts'
import { Project } from './project.ts'

describe('what a browser refuses is named, with a remedy', { skip: noChromium }, () => {
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

  test('without space a write fails as on a full disk, and the file stays whole', async () => {
    const page = await newTab(await site.profile())
    // Chromium has no quota for profiles in memory: the write fails as it does without space.
    await inWorker(
      page,
      `state.db = await vec.open('app.sqlite')
       state.db.exec('CREATE TABLE t(x); INSERT INTO t VALUES (1)')
       const { prototype } = FileSystemSyncAccessHandle
       state.write = prototype.write
       prototype.write = function (bytes, options) {
         if (options.at + bytes.length > 2_000_000) throw new DOMException('no space', 'QuotaExceededError')
         return state.write.call(this, bytes, options)
       }`,
    )
    const fill = `state.db.exec('BEGIN')
      try { for (let i = 0; i < 8; i++) state.db.exec('INSERT INTO t VALUES (zeroblob(1000000))'); state.db.exec('COMMIT') }
      finally { if (state.db.inTransaction) state.db.exec('ROLLBACK') }`
    const error = await refusedIn(page, 'ask', fill)
    assert.equal(error.code, 'SQLITE_FULL')
    assert.match(error.message, /the browser gives no more space for .*app\.sqlite/)
    assert.match(error.hint, /storageReport\(\)/)
    const large = `const bytes = new Uint8Array(4_000_000)
      bytes.set(state.db.serialize())
      await stored.importDatabase('two.sqlite', bytes)`
    const refused = await refusedIn(page, 'ask', large)
    assert.equal(refused.code, 'SQLITE_FULL')
    assert.match(refused.message, /the browser gives no more space for two\.sqlite/)
    const left = `return [state.db.prepare('SELECT count(*) FROM t').pluck().get(),
      state.db.prepare('PRAGMA integrity_check').pluck().get(), (await stored.listDatabases()).join()]`
    assert.deepEqual(await inWorker(page, left), [1, 'ok', 'app.sqlite'])
    await inWorker(page, `FileSystemSyncAccessHandle.prototype.write = state.write; ${fill}`)
    assert.deepEqual(await inWorker(page, left), [9, 'ok', 'app.sqlite'])
  })

  test('a browser that gives a page no files says what to do', async () => {
    const page = await newTab(await site.profile())
    // As Firefox does in a private window.
    const forbid = `navigator.storage.getDirectory = async () => { throw new DOMException('Security error', 'SecurityError') }`
    for (const code of [`await vec.open('app.sqlite')`, `await stored.listDatabases()`]) {
      const error = await refusedIn(page, 'ask', `${forbid}; ${code}`)
      assert.equal(error.code, 'VEC_ENGINE', code)
      assert.match(error.message, /the browser refuses to give files for .*: Security error/)
      assert.match(error.hint, /private window/)
    }
    const found = await inWorker(
      page,
      `return (await vec.open(':memory:')).prepare('SELECT 1').pluck().get()`,
    )
    assert.equal(found, 1)
  })

  test('a missing sqlite3.wasm is named, also where a server sends a page in its place', async () => {
    const open = await site.profile()
    for (const [url, expected] of [
      [
        '/missing.wasm',
        /sqlite3\.wasm cannot be fetched from .*missing\.wasm: the server answers 404/,
      ],
      [
        '/index.html',
        /this is not the sqlite3\.wasm of this version: the \d+ bytes .* do not begin/,
      ],
    ] as const) {
      const page = await newTab(open)
      const load = `await engine.loadEngine({ wasm: location.origin + '${url}' })`
      const error = await refusedIn(page, 'ask', load)
      assert.equal(error.code, 'VEC_ENGINE')
      assert.match(error.message, expected)
      assert.match(error.hint, /sqlite3\.wasm/)
      await page.close()
    }
  })
})
