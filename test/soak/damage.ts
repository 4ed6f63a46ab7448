import { seedFor } from '../seed.ts'
/** `npm run soak:damage`: DAMAGE_COUNT damaged heads, chunks and journals (100,000) from DAMAGE_SEED. */
import { runDamage } from './damage-run.ts'

const seed = seedFor('DAMAGE_SEED')
const count = Number(process.env['DAMAGE_COUNT'] ?? 100_000)
console.log(`DAMAGE_SEED=${seed} DAMAGE_COUNT=${count}`)
const report = await runDamage(seed, count, done => {
  if (done % 5000 === 0) console.log(`${done} mutations, ${process.uptime().toFixed(0)} s`)
})
console.log(JSON.stringify(report))
