import { test } from 'node:test'
import { lockSupport } from '../../src/engine/node-vfs.ts'
import { runCrashes } from './crash-run.ts'

const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1e9)
const kills = Number(process.env['SOAK_KILLS'] ?? 8)
const { kind, reason } = lockSupport()

for (const mode of ['DELETE', 'WAL'] as const)
  test(
    `no committed row is lost and every answer is right after ${kills} kills in journal mode ${mode} (CRASH_SEED=${seed})`,
    { skip: mode === 'WAL' && kind !== 'ofd' && reason },
    async t => {
      t.diagnostic(JSON.stringify(await runCrashes(seed, kills, mode)))
    },
  )
