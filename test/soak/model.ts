/** `npm run soak:model`: MODEL_OPS random statements (1,000,000) from MODEL_SEED. SOAK_WORLD=clusters: on worlds that have clusters. */
import { noShell } from '../engine/vfs-process.ts'
import { runModel } from '../model/run.ts'
import { seedFor } from '../seed.ts'

const seed = seedFor('MODEL_SEED')
const count = Number(process.env['MODEL_OPS'] ?? 1_000_000)
const clusters = process.env['SOAK_WORLD'] === 'clusters'
console.log(`MODEL_SEED=${seed} MODEL_OPS=${count}${clusters ? ' SOAK_WORLD=clusters' : ''}`)
let next = 0
const report = await runModel(seed, count, {
  shell: noShell() === false,
  clusters,
  progress: done => {
    if (done < next) return
    next = done + 20_000
    console.log(
      `${done} operations, ${process.uptime().toFixed(0)} s, ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB`,
    )
  },
})
console.log(JSON.stringify(report))
