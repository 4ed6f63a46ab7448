import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { open } from '../../src/entries/main.ts'
import { createReplicator } from '../../src/entries/vecsync.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { drain, onEachUpstream, within } from './world.ts'

const MAIN = fileURLToPath(new URL('../../src/entries/main.js', import.meta.url))
const QUERY = `SELECT doc_id FROM vec_docs WHERE dataset_id = 'd' AND doc_id MATCH ? AND k = 3 ORDER BY match_score DESC`

function hexOf(...numbers: number[]): string {
  return Buffer.from(Float32Array.from(numbers).buffer).toString('hex')
}

/** Asked in a process of its own. */
function asked(path: string, vector: string): string[] {
  const script = `import { open } from ${JSON.stringify(MAIN)}
const db = await open(${JSON.stringify(path)})
console.log(JSON.stringify(db.prepare(${JSON.stringify(QUERY)}).pluck().all(${JSON.stringify(vector)})))
db.close()`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script])
  return JSON.parse(out.toString()) as string[]
}

onEachUpstream('a vec table over a replica', world => {
  test('finds each applied row on the very next query, here and in another process', () =>
    within(world, async w => {
      const directory = temporaryFolder('vec')
      const path = join(directory, 'replica.db')
      const db = await open(path)
      db.exec('CREATE VIRTUAL TABLE vec_docs USING vec(doc_id)')
      const find = (vector: string): unknown[] => db.prepare(QUERY).pluck().all(vector)
      const replicator = createReplicator({
        source: w.upstream.upstream,
        replica: db,
        replicaTable: '_vec_vec_docs',
      })
      await w.put('east', 'east', hexOf(1, 0))
      await drain(replicator)
      assert.deepEqual(find('[1,0]'), ['east'])
      assert.deepEqual(asked(path, '[1,0]'), ['east'])

      await w.put('north', 'north', hexOf(0, 1))
      await drain(replicator)
      assert.deepEqual(find('[0,1]'), ['north', 'east'])
      assert.deepEqual(asked(path, '[0,1]'), ['north', 'east'])

      await w.put('east', 'east', hexOf(0, 2))
      await w.sql(`DELETE FROM shadow_vec_docs WHERE id = 'north'`)
      await drain(replicator)
      assert.deepEqual(find('[0,1]'), ['east'])
      assert.deepEqual(asked(path, '[0,1]'), ['east'])

      await w.sql('UPDATE shadow_vec_docs SET archived = 1')
      await drain(replicator)
      assert.deepEqual(find('[0,1]'), [])
      await w.sql('UPDATE shadow_vec_docs SET archived = 0')
      await replicator.rebootstrap()
      await drain(replicator)
      assert.deepEqual(find('[0,1]'), ['east'])
      assert.ok((await replicator.verify()).equal)
      await replicator.close()
      db.close()
    }))
})
