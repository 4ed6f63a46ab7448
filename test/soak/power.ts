/**
 * `npm run soak:power`: power failures after every event of a recording, with every kind of loss, from POWER_SEED.
 * POWER_EVERY: one in so many (1; of the large tables eight times as many are left out). POWER_ONLY: one setting.
 */
import { seedFor } from '../seed.ts'
import { describe } from './power-run.ts'
import { runPower, SETTINGS } from './power-suite.ts'

const seed = seedFor('POWER_SEED')
const every = Number(process.env['POWER_EVERY'] ?? 1)
const only = process.env['POWER_ONLY']
console.log(`POWER_SEED=${seed} POWER_EVERY=${every}`)
const report = await runPower(seed, {
  every: { small: every, large: every * 8 },
  settings: SETTINGS.filter(setting => only === undefined || describe(setting) === only),
  progress: done => console.log(`${done}, ${process.uptime().toFixed(0)} s`),
})
console.log(JSON.stringify(report))
