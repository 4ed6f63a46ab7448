import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadEngine, openConnection } from '../../src/entries/engine.ts'
import { open } from '../../src/entries/main.ts'
import {
  createDataset,
  createReplicator,
  installUpstream,
  sqliteUpstream,
} from '../../src/entries/vecsync.ts'
import { answered } from '../../src/ui/source-error.ts'
import { ASK, defineUiFunction } from '../../src/ui/ui-function.ts'
import { temporaryFolder } from '../cli/svec.ts'

const folder = temporaryFolder()

test('the facts of a dataset tell what a replicator has applied, and why it halted', async () => {
  await loadEngine()
  const upstreamPath = join(folder, 'upstream.db')
  const source = sqliteUpstream(() => openConnection(upstreamPath))
  await installUpstream(source)
  await createDataset(source, 'd')
  using client = openConnection(upstreamPath)
  client.exec(
    `INSERT INTO shadow_vec_docs (dataset_id, id, content, embedding) VALUES ('d', 'a', 'text', x'0000803f00000000')`,
  )
  using replica = await open(join(folder, 'replica.db'))
  replica.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  defineUiFunction(replica)
  const facts = (): unknown[] => {
    using statement = replica.prepare(ASK).pluck()
    const bytes = statement.get('stats', JSON.stringify([{ table: 'docs', dataset: 'd' }]))
    return (answered(bytes as Uint8Array) as { topic: string; severity: string; op: string }[])
      .filter(({ topic }) => topic === 'replica')
      .map(({ op, severity }) => `${severity} ${op.replace(/\d{4}(-\d\d){2} (\d\d:){2}\d\d/, 'T')}`)
  }
  assert.deepEqual(facts(), [])
  const replicator = createReplicator({ source, replica, replicaTable: '_vec_docs' })
  while ((await replicator.pass()).more);
  assert.deepEqual(facts(), ['info replica: live, change 1, T UTC'])
  await replicator.close()
  replica.exec(
    `UPDATE vec_sync_state SET halt_code = 'SYNC_DIMENSION', halt_message = 'expected 2 numbers'`,
  )
  assert.deepEqual(facts(), [
    'error replica: halted (SYNC_DIMENSION), change 1, T UTC: expected 2 numbers',
  ])
})
