import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { lockSupport } from '../../src/entries/engine.ts'
import { memoryMaps } from '../../src/sqlite/platform/node/mmap.ts'
import { openNative } from '../native-sqlite.ts'

// JavaScriptCore reserves the range of the first memories of a process alone. SQLite's comes after them here.
const first = Array.from({ length: 16 }, () => new WebAssembly.Memory({ initial: 1, maximum: 2 }))
const { open } = await import('../../src/entries/main.ts')
const { loadedSqlite } = await import('../../src/sqlite/wasm/wasm.ts')

const { kind, reason } = await lockSupport()
const folder = mkdtempSync(join(tmpdir(), 'moving-memory-'))
after(() => rmSync(folder, { recursive: true }))

test("connections share a WAL while SQLite's memory grows, to another place under Bun", t => {
  if (kind !== 'ofd') return t.skip(reason)
  assert.equal(first.length, 16)
  return shared()
})

async function shared(): Promise<void> {
  const path = join(folder, 'wal.sqlite')
  const other = openNative(path)
  other.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE t(a)')
  const [one, two] = [await open(path), await open(path)]
  for (const each of [one, two]) each.exec('PRAGMA synchronous = OFF')
  const sqlite = loadedSqlite()
  const maps = memoryMaps()
  const places = new Set<number>()
  const hoard: number[] = []
  const grow = (): void => {
    const before = sqlite.memory.buffer
    while (sqlite.memory.buffer === before) hoard.push(sqlite.alloc(2 ** 22))
    places.add(maps.addressOf(new Uint8Array(sqlite.memory.buffer)))
  }
  const insert = 'INSERT INTO t VALUES (randomblob(5000))'
  const count = 'SELECT count(*) FROM t'
  let rows = 0
  const check = (): void => {
    for (const each of [one, two]) assert.equal(each.prepare(count).pluck().get(), rows)
    assert.deepEqual(other.prepare(count).rows(), [[BigInt(rows)]])
  }
  for (let round = 0; round < 2; round++) {
    for (const each of [one, other, two]) {
      grow()
      each.exec(insert)
      rows++
      check()
    }
    one.exec('BEGIN IMMEDIATE')
    one.exec(insert)
    grow()
    assert.throws(() => two.exec(`PRAGMA busy_timeout = 0; ${insert}`), { code: 'SQLITE_BUSY' })
    one.exec(`${insert}; COMMIT`)
    rows += 2
    check()
  }
  for (const each of [one, two])
    assert.equal(each.prepare('PRAGMA integrity_check').pluck().get(), 'ok')
  assert.deepEqual(other.prepare('PRAGMA integrity_check').rows(), [['ok']])
  assert.equal(places.size > 1, 'bun' in process.versions)
  for (const pointer of hoard) sqlite.free(pointer)
  one.close()
  two.close()
  other.close()
}
