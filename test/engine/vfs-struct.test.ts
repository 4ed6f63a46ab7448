import assert from 'node:assert/strict'
import { test } from 'node:test'
import sqlite3InitModule from '@sqlite.org/sqlite-wasm'
import { ioMethodsLayout, vfsLayout } from '../../src/sqlite/vfs/vfs-struct.ts'

interface StructInfo {
  sizeof: number
  members: Record<string, { offset: number; signature: string }>
}

test('the struct layouts are those of the SQLite that ships', async () => {
  const { capi } = (await sqlite3InitModule()) as unknown as {
    capi: Record<string, { structInfo: StructInfo }>
  }
  const layouts = { sqlite3_io_methods: ioMethodsLayout, sqlite3_vfs: vfsLayout }
  for (const [struct, layout] of Object.entries(layouts)) {
    const shipped = capi[struct]?.structInfo
    assert.equal(layout.bytes, shipped?.sizeof, struct)
    for (const [member, [offset, signature]] of Object.entries(layout.methods)) {
      const { offset: at, signature: as } = shipped?.members[member] ?? {}
      // An offset in a file is an int64.
      assert.deepEqual([offset, signature.replace('o', 'j')], [at, as], `${struct}.${member}`)
    }
  }
  const vfs = capi['sqlite3_vfs']?.structInfo.members
  const fields = ['iVersion', 'szOsFile', 'mxPathname', 'zName'].map(name => vfs?.[name]?.offset)
  assert.deepEqual(fields, [0, 4, 8, 16])
  assert.equal(capi['sqlite3_file']?.structInfo.sizeof, 4)
})
