import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  createDataset,
  createReplicator,
  installUpstream,
  replicaStates,
  type SqliteConnection,
  sqliteUpstream,
} from '../../src/entries/vecsync.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { openSqlite } from './sqlite-database.ts'
import { drain } from './world.ts'

// Not a literal: the types of Node 20 do not know it.
const moduleName: string = 'node:sqlite'
const nodeSqlite = (await import(moduleName).catch(() => undefined)) as
  | { DatabaseSync: new (path: string) => SqliteConnection & { close(): void } }
  | undefined

const open = (file: string): SqliteConnection & { close(): void } =>
  new nodeSqlite!.DatabaseSync(file)

describe('other SQLite connections', () => {
  test(
    'node:sqlite is an upstream and a replica',
    { skip: nodeSqlite === undefined ? 'this Node has no node:sqlite' : false },
    async () => {
      const directory = temporaryFolder('node')
      const path = join(directory, 'upstream.db')
      const upstream = sqliteUpstream(() => open(path))
      await installUpstream(upstream)
      await createDataset(upstream, 'd')
      const client = open(path)
      client.exec('UPDATE vec_dataset_scn SET last_scn = 9007199254740993')
      const put = (id: string): unknown =>
        client
          .prepare(
            `INSERT OR REPLACE INTO shadow_vec_docs (dataset_id, id, content, embedding) VALUES ('d', ?, 'é😀', ?)`,
          )
          .run(id, new Uint8Array(Float32Array.of(1, 2).buffer))
      put('a')
      const replica = open(join(directory, 'replica.db'))
      const replicator = createReplicator({ source: upstream, replica })
      await drain(replicator)
      put('b')
      put('a')
      client.exec(`DELETE FROM shadow_vec_docs WHERE id = 'b'`)
      await drain(replicator)
      const report = await replicator.verify()
      assert.ok(report.equal)
      assert.equal(report.datasets[0].replica.rows, 1)
      await replicator.close()
      client.close()
      replica.close()
    },
  )

  test('a monitor reads the states of a file that it may only read', async () => {
    const directory = temporaryFolder('monitor')
    const path = join(directory, 'replica.db')
    const upstreamPath = join(directory, 'upstream.db')
    const upstream = sqliteUpstream(() => openSqlite(upstreamPath))
    await installUpstream(upstream)
    await createDataset(upstream, 'd')
    const replica = openSqlite(path)
    assert.deepEqual(replicaStates(replica), [])
    const replicator = createReplicator({ source: upstream, replica })
    await drain(replicator)
    const monitor = openSqlite(path, { readonly: true })
    const [state] = replicaStates(monitor)
    assert.deepEqual([state.datasetId, state.phase, state.lastScn], ['d', 'live', 0n])
    monitor.close()
    await replicator.close()
    replica.close()
  })
})
