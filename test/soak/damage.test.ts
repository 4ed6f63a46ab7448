import { seededTest } from '../seed.ts'
import { runDamage } from './damage-run.ts'

const count = Number(process.env['DAMAGE_COUNT'] ?? 600)

seededTest('DAMAGE_SEED', { DAMAGE_COUNT: count })(
  `after each of ${count} damages to saved indexes and journals the answer is right`,
  async (t, seed) => {
    t.diagnostic(JSON.stringify(await runDamage(seed, count)))
  },
)
