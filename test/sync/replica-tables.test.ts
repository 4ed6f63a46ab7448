import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  createDataset,
  createReplicator,
  installUpstream,
  sqliteUpstream,
} from '../../src/entries/vecsync.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { insert } from './planted.ts'
import { openSqlite, ours, type TestConnection } from './sqlite-database.ts'
import { drain } from './world.ts'

const made = (columns: string, key = 'dataset_id, id'): string =>
  `CREATE TABLE shadow_vec_docs (${columns}, meta TEXT, embedding BLOB, PRIMARY KEY (${key}))`

describe('a table that would store something else is refused', () => {
  const source = sqliteUpstream(() => openSqlite())
  for (const [title, sql, message] of [
    [
      'a key under NOCASE',
      made('dataset_id TEXT, id TEXT COLLATE NOCASE, content TEXT'),
      'its primary key compares id by NOCASE, not byte by byte',
    ],
    [
      'a key under RTRIM',
      made('dataset_id TEXT, id TEXT, content TEXT', 'dataset_id COLLATE RTRIM, id'),
      'its primary key compares dataset_id by RTRIM, not byte by byte',
    ],
    [
      'an id of numbers',
      made('dataset_id TEXT, id INTEGER, content TEXT'),
      'column id is declared INTEGER, not TEXT',
    ],
    [
      'content of numbers',
      made('dataset_id TEXT, id TEXT, content NUMERIC'),
      'column content is declared NUMERIC, not TEXT',
    ],
    [
      'archived as text',
      made('dataset_id TEXT, id TEXT, content TEXT, archived TEXT'),
      'column archived is declared TEXT, not INTEGER',
    ],
    [
      'embeddings of float16',
      made('dataset_id TEXT, id TEXT, content TEXT').replace('BLOB', 'VEC_F16_BLOB'),
      'column embedding is declared VEC_F16_BLOB, not BLOB',
    ],
    [
      'scn as REAL',
      made('dataset_id TEXT, id TEXT, content TEXT, scn REAL'),
      'column scn is declared REAL, not INTEGER',
    ],
  ] as const) {
    test(title, async () => {
      const replica = openSqlite()
      replica.exec(sql)
      await assert.rejects(createReplicator({ source, replica }).pass(), {
        code: 'SYNC_REPLICA',
        message: `cannot use table shadow_vec_docs: ${message}`,
      })
      replica.close()
    })
  }

  test('a key under BINARY over columns under NOCASE serves', async () => {
    const folder = temporaryFolder('nocase')
    const path = join(folder, 'upstream.db')
    const upstream = sqliteUpstream(() => openSqlite(path))
    await installUpstream(upstream)
    await createDataset(upstream, 'd')
    const client = openSqlite(path)
    const replica = openSqlite()
    replica.exec(
      made(
        'dataset_id TEXT COLLATE NOCASE, id TEXT COLLATE NOCASE, content TEXT',
        'dataset_id COLLATE BINARY, id COLLATE BINARY',
      ),
    )
    const replicator = createReplicator({ source: upstream, replica })
    for (const id of ['a', 'A']) client.exec(insert(`'${id}'`))
    await drain(replicator)
    client.exec(`DELETE FROM shadow_vec_docs WHERE id = 'a'`)
    await drain(replicator)
    assert.deepEqual(replica.prepare('SELECT id FROM shadow_vec_docs').all(), [{ id: 'A' }])
    assert.ok((await replicator.verify()).equal)
    await replicator.close()
    replica.close()
    client.close()
  })

  test('a file in UTF-16', { skip: ours ? 'this engine has no UTF-16' : false }, async () => {
    const folder = temporaryFolder('utf16')
    const wide = (name: string): TestConnection => {
      const db = openSqlite(join(folder, name))
      db.exec(`PRAGMA encoding = 'UTF-16le'`)
      db.exec('CREATE TABLE t (a)')
      return db
    }
    const replica = wide('replica.db')
    await assert.rejects(createReplicator({ source, replica }).pass(), {
      code: 'SYNC_REPLICA',
      message: /UTF-16.*UTF-8/,
    })
    const other = openSqlite()
    await assert.rejects(
      createReplicator({ source: sqliteUpstream(() => wide('up.db')), replica: other }).pass(),
      { code: 'SYNC_UPSTREAM', message: /UTF-16.*UTF-8/ },
    )
    replica.close()
    other.close()
  })
})

test('an upstream whose embeddings are not float32 is refused before anything is made', async () => {
  const upstream = openSqlite()
  upstream.exec(
    `CREATE TABLE shadow_vec_docs (dataset_id TEXT, id TEXT, content TEXT, meta TEXT, embedding VEC_I8_BLOB(1),
       embedding_model TEXT, scn INTEGER, archived INTEGER, PRIMARY KEY (dataset_id, id))`,
  )
  await assert.rejects(installUpstream(sqliteUpstream(() => upstream)), {
    code: 'SYNC_UPSTREAM',
    message: /stores embeddings as VEC_I8_BLOB\(1\), not as float32/,
  })
  upstream.close()
})
