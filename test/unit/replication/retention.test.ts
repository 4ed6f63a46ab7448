import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadEngine, openConnection, type Connection } from '../../../src/entries/engine.ts'
import {
  createDataset,
  installUpstream,
  prune,
  sqliteUpstream,
  type Upstream,
} from '../../../src/entries/vecsync.ts'

await loadEngine()
const folder = mkdtempSync(join(tmpdir(), 'retention-'))
after(() => rmSync(folder, { recursive: true }))
let files = 0

interface Log extends Disposable {
  readonly upstream: Upstream
  readonly db: Connection
  /** The SCNs of the entries that are there. */
  readonly scns: () => number[]
}

/** A dataset whose log has five entries. */
async function fiveEntries(): Promise<Log> {
  const path = join(folder, `${files++}.sqlite`)
  const upstream = sqliteUpstream(() => openConnection(path))
  await installUpstream(upstream)
  await createDataset(upstream, 'd')
  const db = openConnection(path)
  const insert = db.prepare("INSERT INTO shadow_vec_docs(dataset_id, id) VALUES ('d', ?)")
  for (let i = 0; i < 5; i++) insert.run(`doc${i}`)
  const scns = (): number[] =>
    db.prepare('SELECT scn FROM vec_shadow_log ORDER BY scn').pluck().all() as number[]
  assert.deepEqual(scns(), [1, 2, 3, 4, 5])
  return { upstream, db, scns, [Symbol.dispose]: () => void db.close() }
}

function acknowledge(db: Connection, replica: string, scn: number, secondsAgo = 0): void {
  const seen = (Date.now() - secondsAgo * 1000) * 1000
  db.prepare(
    "INSERT INTO vec_replica(replica_id, dataset_id, shadow_table, acked_scn, seen_at) VALUES (?, 'd', 'shadow_vec_docs', ?, ?)",
  ).run(replica, scn, seen)
}

test('without replicas all entries that are old enough go', async () => {
  using log = await fiveEntries()
  const { upstream, scns } = log
  assert.deepEqual(await prune(upstream, { minAge: 3600 }), [
    { datasetId: 'd', prunedScn: 0n, deleted: 0 },
  ])
  assert.deepEqual(await prune(upstream, { minAge: 0, chunk: 2 }), [
    { datasetId: 'd', prunedScn: 5n, deleted: 5 },
  ])
  assert.deepEqual(scns(), [])
})

test('the replica that is farthest behind keeps its checkpoint, and what comes after it', async () => {
  using log = await fiveEntries()
  const { upstream, db, scns } = log
  acknowledge(db, 'near', 5)
  acknowledge(db, 'far', 3)
  assert.deepEqual(await prune(upstream, { minAge: 0 }), [
    { datasetId: 'd', prunedScn: 2n, deleted: 2 },
  ])
  assert.deepEqual(scns(), [3, 4, 5])
})

test('a replica that was silent for too long pins nothing', async () => {
  using log = await fiveEntries()
  const { upstream, db, scns } = log
  acknowledge(db, 'silent', 1, 7200)
  acknowledge(db, 'alive', 4)
  await prune(upstream, { minAge: 0, maxSilence: 3600 })
  assert.deepEqual(scns(), [4, 5])
})

test('the mark never goes back, and entries below it that were left go with the next call', async () => {
  using log = await fiveEntries()
  const { upstream, db, scns } = log
  db.exec('UPDATE vec_dataset_scn SET pruned_scn = 3')
  acknowledge(db, 'far', 2)
  assert.deepEqual(await prune(upstream, { minAge: 0 }), [
    { datasetId: 'd', prunedScn: 3n, deleted: 3 },
  ])
  assert.deepEqual(scns(), [4, 5])
})
