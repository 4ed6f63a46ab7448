import { seedFor } from '../seed.ts'
/** `npm run soak:damage`: DAMAGE_COUNT damaged heads, chunks and journals (100,000) from DAMAGE_SEED. SOAK_WORLD=clusters: of an index with clusters. */
import { runDamage } from './damage-run.ts'

const seed = seedFor('DAMAGE_SEED')
const count = Number(process.env['DAMAGE_COUNT'] ?? 100_000)
const clusters = process.env['SOAK_WORLD'] === 'clusters'
console.log(`DAMAGE_SEED=${seed} DAMAGE_COUNT=${count}${clusters ? ' SOAK_WORLD=clusters' : ''}`)
const every = clusters ? 100 : 5000
const progress = (done: number): void => {
  if (done % every === 0) console.log(`${done} mutations, ${process.uptime().toFixed(0)} s`)
}
const report = await runDamage(seed, count, progress, clusters)
console.log(JSON.stringify(report))
