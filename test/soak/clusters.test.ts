import { runModel } from '../model/run.ts'
import { seededTest } from '../seed.ts'
import { runCrashes } from './crash-run.ts'
import { runDamage } from './damage-run.ts'

// Worlds with clusters, whose rows are rotated: `SOAK_WORLD=clusters npm run soak:model`, and so on, for hours.

const operations = Number(process.env['MODEL_OPS'] ?? 40)
const kills = Number(process.env['SOAK_KILLS'] ?? 2)
const damages = Number(process.env['DAMAGE_COUNT'] ?? 6)

seededTest('MODEL_SEED', { MODEL_OPS: operations })(
  `with clusters, exact answers are those of brute force after each of ${operations} statements, and promises are kept`,
  async (t, seed) => {
    const report = await runModel(seed, operations, { shell: false, clusters: true })
    t.diagnostic(JSON.stringify(report))
  },
)

seededTest('CRASH_SEED', { SOAK_KILLS: kills })(
  `no saved cluster is damaged after ${kills} kills`,
  async (t, seed) => {
    t.diagnostic(JSON.stringify(await runCrashes(seed, kills, 'DELETE', undefined, 'clusters')))
  },
)

seededTest('DAMAGE_SEED', { DAMAGE_COUNT: damages })(
  `after each of ${damages} damages to an index with clusters the answer is right`,
  async (t, seed) => {
    t.diagnostic(JSON.stringify(await runDamage(seed, damages, undefined, true)))
  },
)
