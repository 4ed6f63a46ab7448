/** `npm run soak:filters`: FILTERS_STEPS random steps (200,000) from FILTERS_SEED. */
import { seedFor } from '../seed.ts'
import { runFilters } from './filters-run.ts'

const seed = seedFor('FILTERS_SEED')
const steps = Number(process.env['FILTERS_STEPS'] ?? 200_000)
console.log(`FILTERS_SEED=${seed} FILTERS_STEPS=${steps}`)
let next = 0
const report = await runFilters(seed, steps, done => {
  if (done < next) return
  next = done + 5000
  console.log(`${done} steps, ${process.uptime().toFixed(0)} s`)
})
console.log(`${JSON.stringify(report)}, 0 wrong, ${process.uptime().toFixed(0)} s`)
