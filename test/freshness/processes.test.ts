import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, mkdtempSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { noShell, shell } from '../engine/vfs-process.ts'
import { Peer } from '../soak/peer.ts'
import { inBothSizes, Scene, SIZES, SMALL, type Size } from './scene.ts'

/** Runs SQL in another program; blobs are literals. */
type Writer = (scene: Scene, sql: string) => Promise<void> | void

const writers: [who: string, write: Writer, skip: string | false][] = [
  ['another process of ours', viaPeer('ours'), false],
  ['better-sqlite3 in another process', viaPeer('native'), false],
  ['the sqlite3 shell', (scene, sql) => void shell(scene.path, sql), noShell()],
]

function viaPeer(kind: 'ours' | 'native'): Writer {
  return async (scene, sql) => {
    await using peer = new Peer(kind)
    await peer.ask('open', scene.path)
    await peer.ask('exec', sql)
  }
}

function blob(vector: Float32Array): string {
  return `x'${Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('hex')}'`
}

for (const [who, write, skip] of writers) {
  for (const size of SIZES) {
    test(`what ${who} writes is in the next answer (${size.name})`, { skip }, async () => {
      using scene = await Scene.make(size)
      await followsWriter(scene, write)
    })
  }
}

async function followsWriter(scene: Scene, write: Writer): Promise<void> {
  scene.check()
  await write(
    scene,
    `INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', 'theirs', ${blob(scene.near())})`,
  )
  scene.check()
  assert.equal(scene.top(1)[0], 'theirs')
  await write(
    scene,
    `BEGIN; UPDATE _vec_docs SET dataset_id = 'b' WHERE id = 'theirs';
     DELETE FROM _vec_docs WHERE id IN ('d1', 'd2', 'd19');
     UPDATE _vec_docs SET archived = 1 WHERE id = 'd4'; COMMIT`,
  )
  scene.check()
  assert.equal(scene.top(1, scene.db, 'b')[0], 'theirs')
  await write(scene, `BEGIN; DELETE FROM _vec_docs; ROLLBACK`)
  scene.check()
  await write(scene, 'VACUUM')
  scene.check()
}

for (const size of SIZES) {
  test(`what other programs write while nobody of ours looks is there later (${size.name})`, async () => {
    using scene = await Scene.make(size)
    scene.check()
    scene.db.close()
    const write = viaPeer('native')
    await write(scene, `UPDATE _vec_docs SET embedding = ${blob(scene.near())} WHERE id = 'd7'`)
    scene.db = await scene.connect()
    scene.check()
    assert.equal(scene.top(1)[0], 'd7')
  })
}

inBothSizes('another process of ours sees what this one writes', async scene => {
  await using peer = new Peer('ours')
  await peer.ask('open', scene.path)
  const asked = (): Promise<string> =>
    peer.ask('check', 'docs', 'a,b', 'cosine', 'main', scene.size.dim, 7)
  assert.equal(await asked(), 'ok')
  scene.put('mine', scene.near())
  assert.equal(await asked(), 'ok')
  scene.db.exec('BEGIN')
  scene.put('mine', scene.vector())
  scene.run("DELETE FROM _vec_docs WHERE id = 'd1'")
  assert.equal(await asked(), 'ok')
  scene.db.exec('COMMIT')
  assert.equal(await asked(), 'ok')
  scene.check()
})

test('a program without any of our code can write the table', { skip: noShell() }, async () => {
  using scene = await Scene.make(SMALL)
  const triggers = shell(
    scene.path,
    "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND sql LIKE '%vec_%(%' AND sql LIKE '%invalidate%'",
  )
  assert.deepEqual(triggers, [])
  shell(scene.path, "DELETE FROM _vec_docs WHERE id = 'd1'")
  assert.equal(shell(scene.path, 'SELECT id FROM vec_journal ORDER BY seq DESC LIMIT 1')[0], 'd1')
  scene.check()
})

for (const size of SIZES) {
  test(`a file that can only be read is answered from, and nothing is saved (${size.name})`, async () => {
    using scene = await Scene.make(size)
    scene.db.exec('DELETE FROM vector_storage; DROP TRIGGER vec_journal__vec_docs_inserted')
    scene.put('unseen', scene.near())
    scene.db.close()
    const reader = await scene.connect({ readonly: true })
    scene.check(reader)
    assert.equal(scene.top(1, reader)[0], 'unseen')
    await viaPeer('native')(scene, `DELETE FROM _vec_docs WHERE id = 'd1'`)
    scene.check(reader)
    reader.close()
    const after = await scene.connect({ readonly: true })
    assert.equal(after.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 0)
    scene.check(after)
  })
}

for (const size of SIZES) {
  test(`while another program holds the write lock queries are answered, and nothing is saved (${size.name})`, async () => {
    using scene = await Scene.make(size)
    scene.check()
    scene.put('new', scene.near())
    scene.db.exec('DELETE FROM vector_storage; DROP TRIGGER vec_journal__vec_docs_deleted')
    await using peer = new Peer('native')
    await peer.ask('open', scene.path)
    await peer.ask('exec', "BEGIN IMMEDIATE; DELETE FROM _vec_docs WHERE id = 'new'")
    scene.check()
    assert.equal(scene.top(1)[0], 'new')
    scene.db.close()
    scene.db = await scene.connect()
    assert.equal(scene.db.prepare('SELECT count(*) FROM vector_storage').pluck().get(), 0)
    scene.check()
    await peer.ask('exec', 'COMMIT')
    scene.check()
    assert.notEqual(scene.top(1)[0], 'new')
  })
}

async function readonlyFolder(size: Size): Promise<void> {
  using scene = await Scene.make(size)
  scene.put('new', scene.near())
  scene.db.close()
  const parent = dirname(scene.path)
  const folder = mkdtempSync(join(parent, 'readonly-'))
  const path = join(folder, 'docs.sqlite')
  copyFileSync(scene.path, path)
  chmodSync(parent, 0o755)
  chmodSync(path, 0o444)
  chmodSync(folder, 0o555)
  const id = process.geteuid!()
  // Permissions stop everybody but root.
  if (id === 0) process.seteuid!(65534)
  try {
    using db = await open(path, { readonly: true })
    scene.check(db)
    assert.equal(scene.top(1, db)[0], 'new')
  } finally {
    if (id === 0) process.seteuid!(0)
    chmodSync(folder, 0o755)
  }
}

for (const size of SIZES) {
  test(`a file in a folder that can only be read is answered from (${size.name})`, async () => {
    await readonlyFolder(size)
  })
}
