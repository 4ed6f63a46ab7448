import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDatabase } from '../../src/sqlite/open.ts'
import { createPlatform as createMemoryPlatform } from '../../src/sqlite/platform/memory/memory-platform.ts'
import { installMemoryVfs } from '../../src/sqlite/platform/memory/memory-vfs.ts'
import { createPlatform as createNodePlatform } from '../../src/sqlite/platform/node/node-platform.ts'
import { installNodeVfs } from '../../src/sqlite/platform/node/node-vfs.ts'
import { refused } from '../refusal.ts'
import { sqliteAlone } from './sqlite-alone.ts'
import { vfsContract } from './vfs-contract.ts'

vfsContract('node', sqlite => {
  const folder = mkdtempSync(join(tmpdir(), 'vfs-contract-'))
  const { vfs, locks } = installNodeVfs(sqlite)
  return {
    platform: createNodePlatform(sqlite),
    vfs,
    path: name => join(folder, name),
    uri: path => path,
    sharesWal: locks === 'ofd',
    close: () => rmSync(folder, { recursive: true }),
  }
})

vfsContract('memory', sqlite => ({
  platform: createMemoryPlatform(sqlite),
  vfs: installMemoryVfs(sqlite),
  path: name => `/contract/${name}`,
  uri: path => `file:${path}?vfs=memory`,
  sharesWal: true,
  close: () => undefined,
}))

test('a file in memory is asked for by name: a plain path would be taken for one that lasts', async () => {
  const sqlite = await sqliteAlone()
  const platform = createMemoryPlatform(sqlite)
  for (const path of ['app.sqlite', 'file:app.sqlite', 'file:app.sqlite?mode=rwc'])
    refused(
      () => openDatabase(sqlite, platform, path),
      'VEC_ENGINE',
      'does not have files on a disk',
    )
  const db = openDatabase(sqlite, platform, 'file:by%20name.sqlite?mode=rwc&vfs=memory')
  db.exec('CREATE TABLE t(x)')
  assert.equal(db.filename(), '/by name.sqlite')
  db.close()
  openDatabase(sqlite, platform, ':memory:').close()
})
