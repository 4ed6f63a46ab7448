import { lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { seededTest } from '../seed.ts'
import { runCrashes } from './crash-run.ts'

const kills = Number(process.env['SOAK_KILLS'] ?? 8)
const { kind, reason } = lockSupport()

for (const mode of ['DELETE', 'WAL'] as const)
  seededTest('CRASH_SEED', { SOAK_KILLS: kills })(
    `no committed row is lost and every answer is right after ${kills} kills in journal mode ${mode}`,
    { skip: mode === 'WAL' && kind !== 'ofd' && reason },
    async (t, seed) => {
      t.diagnostic(JSON.stringify(await runCrashes(seed, kills, mode)))
    },
  )
