import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { drain, idsOf, onEachUpstream, within, type World } from './world.ts'

const CHILD = fileURLToPath(new URL('crash-child.js', import.meta.url))

function crash(w: World, replica: string, at: string): NodeJS.Signals | null {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    UPSTREAM: JSON.stringify(w.upstream.address()),
    REPLICA: replica,
    CRASH: at,
  }
  delete env['NODE_TEST_CONTEXT']
  const { signal, stderr } = spawnSync(process.execPath, [CHILD], { env, timeout: 30_000 })
  if (signal === null) assert.equal(stderr.toString(), '')
  return signal
}

onEachUpstream('SIGKILL of a replicator', world => {
  for (const place of ['before-row', 'before-checkpoint', 'after-checkpoint', 'after-commit']) {
    test(`${place}: rows and checkpoint agree, in bootstrap and tail, and it goes on`, () =>
      within(world, async w => {
        const directory = temporaryFolder('crash')
        for (let i = 0; i < 35; i++) await w.put(`doc${String(i).padStart(2, '0')}`)
        const counts = place === 'before-row' ? [1, 15, 30] : [2, 3, 4]
        for (const count of counts) {
          // Each from the beginning, and once more where that one stopped.
          const fresh = join(directory, `bootstrap-${count}.db`)
          assert.equal(crash(w, fresh, `${place}:${count}`), 'SIGKILL')
          crash(w, fresh, `${place}:2`)
          const replica = w.replica(fresh)
          const state = replica.prepare('SELECT phase, boot_cursor FROM vec_sync_state').get() as
            | { phase: string; boot_cursor: string | null }
            | undefined
          // A page is all there or not at all: the rows end where the cursor stands.
          assert.equal(idsOf(replica).at(-1), state?.boot_cursor ?? undefined)
          if (idsOf(replica).length < 35) assert.equal(idsOf(replica).length % 10, 0)
        }
        const path = join(directory, `bootstrap-${counts[0]}.db`)
        assert.equal(crash(w, path, 'never:1'), null)
        for (let i = 0; i < 35; i++) await w.put(`doc${String(i).padStart(2, '0')}`, 'changed')
        for (const count of counts) {
          assert.equal(crash(w, path, `${place}:${count}`), 'SIGKILL')
          const replica = w.replica(path)
          const [row] = replica.prepare('SELECT last_scn FROM vec_sync_state').all() as {
            last_scn: number
          }[]
          const [changed] = replica
            .prepare(`SELECT count(*) AS n FROM shadow_vec_docs WHERE content = 'changed'`)
            .all() as { n: number }[]
          assert.equal(changed.n, row.last_scn - 35)
          // Back to the beginning of the tail, rows and checkpoint together.
          replica.exec(`UPDATE shadow_vec_docs SET content = 'old', scn = 0`)
          replica.exec('UPDATE vec_sync_state SET last_scn = 35, fingerprint = NULL')
          replica.close()
        }
        const replica = w.replica(path)
        replica.exec('UPDATE vec_sync_lease SET expires_at = 0')
        const replicator = w.replicator(replica)
        await drain(replicator)
        assert.ok((await replicator.verify()).equal)
      }))
  }
})
