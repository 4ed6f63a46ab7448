import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { loadEngine, openConnection } from '../../src/entries/engine.ts'
import { moduleArguments } from '../module-arguments.ts'

const WASM = new URL('../../src/sqlite/platform/sqlite3.wasm', import.meta.url)

/** Runs code in a process of its own, in which nothing is loaded yet. */
function inFreshProcess(code: string, env: Record<string, string> = {}): string {
  const script = `
    import { readFileSync } from 'node:fs'
    import { loadEngine, openConnection } from ${JSON.stringify(new URL('../../src/entries/engine.js', import.meta.url).href)}
    const wasm = new URL(${JSON.stringify(WASM.href)})
    const says = async work => {
      try { await work(); console.log('no error') } catch (e) { console.log(e.code ?? e.name, e.message, '|', e.hint) }
    }
    ${code}`
  const { status, stdout, stderr } = spawnSync(process.execPath, moduleArguments(script), {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
  assert.equal(status, 0, stderr)
  return stdout.trim()
}

for (const [what, wasm] of [
  ['bytes', 'readFileSync(wasm)'],
  ['an ArrayBuffer', 'new Uint8Array(readFileSync(wasm)).buffer'],
  ['a URL', 'wasm'],
  ['a URL as text', 'wasm.href'],
  ['the path of a file', 'fileURLToPath(wasm)'],
  ['a data URL', '`data:application/wasm;base64,${readFileSync(wasm).toString("base64")}`'],
  ['a WebAssembly.Module', 'new WebAssembly.Module(readFileSync(wasm))'],
]) {
  test(`sqlite3.wasm is given as ${what}`, () => {
    const found = inFreshProcess(`
      import { fileURLToPath } from 'node:url'
      await loadEngine({ wasm: ${wasm} })
      console.log(openConnection(':memory:').prepare('SELECT 6 * 7').pluck().get())`)
    assert.equal(found, '42')
  })
}

test('what is not sqlite3.wasm is refused, and the next load may succeed', () => {
  const said = inFreshProcess(`
    await says(() => loadEngine({ wasm: new Uint8Array(3) }))
    await says(() => loadEngine({ wasm: readFileSync(process.execPath).subarray(0, 100) }))
    await says(() => loadEngine({ wasm: Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0) }))
    await says(() => loadEngine({ wasm: '/no/such/sqlite3.wasm' }))
    await says(() => loadEngine({ wasm: Promise.resolve(readFileSync(wasm)) }))
    await says(() => loadEngine({ wasm: null }))
    await says(() => loadEngine({ wsam: wasm }))
    await says(() => loadEngine(null))
    await says(() => loadEngine({ wasm: readFileSync(wasm) }))`).split('\n')
  for (const [line, pattern] of [
    /^VEC_ENGINE this is not the sqlite3\.wasm of this version: the 3 bytes .* \| give the file that sqlite-vec-ts\/sqlite3\.wasm names$/,
    /^VEC_ENGINE .*the 100 bytes/,
    /^VEC_ENGINE .*it does not hold SQLite/,
    /^VEC_ENGINE sqlite3\.wasm cannot be read: \/no\/such\/sqlite3\.wasm \(ENOENT\) \| .*loadEngine/,
    /^TypeError .*not a Promise/,
    /^TypeError .*not null/,
    /^VEC_OPTION .*did you mean 'wasm'/,
    /^TypeError .*not null/,
    /^no error$/,
  ].entries())
    assert.match(said[line], pattern)
})

test('sqlite3.wasm given after the load is refused, unless it is the same', () => {
  const said = inFreshProcess(`
    const bytes = readFileSync(wasm)
    await loadEngine({ wasm: bytes })
    await says(() => loadEngine({ wasm: bytes }))
    await says(() => loadEngine())
    await says(() => loadEngine({ wasm: readFileSync(wasm) }))`).split('\n')
  assert.deepEqual(said.slice(0, 2), ['no error', 'no error'])
  assert.match(said[2], /^VEC_ENGINE .*SQLite is loaded already \| call it before the first open/)
})

test('random numbers differ between processes, though their clocks agree', () => {
  const numbers = [1, 2].map(() =>
    inFreshProcess(`
      Date.now = () => 1e12
      performance.now = () => 1
      await loadEngine()
      console.log(openConnection(':memory:').prepare('SELECT hex(randomblob(16))').pluck().get())`),
  )
  assert.notEqual(numbers[0], numbers[1])
})

test('local time is that of JavaScript', () => {
  // 116 days apart, from 1971 to 2034: each season and each time of day. Beyond 2037 SQLite takes the rules of another year.
  const seconds = Array.from({ length: 200 }, (_, i) => 4e7 + i * 10_000_003)
  for (const TZ of ['America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'UTC']) {
    const wrong = inFreshProcess(
      `
      await loadEngine()
      const db = openConnection(':memory:')
      const two = n => String(n).padStart(2, '0')
      const local = db.prepare("SELECT strftime('%Y-%m-%d %H:%M:%S', ?, 'unixepoch', 'localtime')").pluck()
      for (const s of ${JSON.stringify(seconds)}) {
        const t = new Date(s * 1000)
        const js = t.getFullYear() + '-' + [t.getMonth() + 1, t.getDate()].map(two).join('-') + ' ' +
          [t.getHours(), t.getMinutes(), t.getSeconds()].map(two).join(':')
        if (local.get(s) !== js) console.log(s, local.get(s), js)
      }`,
      { TZ },
    )
    assert.equal(wrong, '', TZ)
  }
})

test("SQLite's own file systems reach no files", async () => {
  await loadEngine()
  assert.throws(() => openConnection('file:/tmp/never-made.sqlite?vfs=unix'), {
    code: 'SQLITE_CANTOPEN',
  })
})
