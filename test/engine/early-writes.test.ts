import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { open } from '../../src/entries/engine.ts'
import { EarlyWrites } from '../../src/sqlite/platform/node/early-writes.ts'

const MIB = 2 ** 20
const dir = mkdtempSync(join(tmpdir(), 'early-writes-'))
after(() => rmSync(dir, { recursive: true, force: true }))

function row(i: number): Uint8Array {
  return new Uint8Array(100_000).fill(i)
}

test('the disk is told to begin after each 8 MiB, and not in small transactions', () => {
  const begun: number[] = []
  const writes = new EarlyWrites(7, fd => begun.push(fd))
  for (let i = 0; i < 7; i++) writes.wrote(MIB)
  writes.synced()
  for (let i = 0; i < 7; i++) writes.wrote(MIB)
  assert.deepEqual(begun, [])
  writes.wrote(MIB)
  assert.deepEqual(begun, [7])
  for (let i = 0; i < 16; i++) writes.wrote(MIB)
  assert.deepEqual(begun, [7, 7, 7])
})

for (const mode of ['delete', 'wal'] as const) {
  test(`a transaction of 40 MB is there and whole after its commit, in ${mode} mode`, async () => {
    const path = join(dir, `${mode}.sqlite`)
    const db = await open(path, { cacheSize: 4 * MIB })
    assert.equal(db.pragma(`journal_mode = ${mode}`, { simple: true }), mode)
    db.exec('CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)')
    const insert = db.prepare('INSERT INTO t(b) VALUES (?)')
    db.transaction(() => {
      for (let i = 0; i < 400; i++) insert.run(row(i % 256))
    })()
    assert.throws(
      db.transaction(() => {
        for (let i = 0; i < 400; i++) insert.run(row(7))
        throw new Error('rolled back')
      }),
      /rolled back/,
    )
    db.close()
    const again = await open(path)
    assert.equal(again.pragma('integrity_check', { simple: true }), 'ok')
    const stored = again.prepare('SELECT b FROM t ORDER BY a').pluck().all() as Uint8Array[]
    assert.equal(stored.length, 400)
    for (const [i, blob] of stored.entries()) assert.deepEqual(blob, row(i % 256))
    again.close()
  })
}
