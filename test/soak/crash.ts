/** `npm run soak:crash`: CRASH_KILLS kills (1,000) of a process that builds, folds, saves and prunes, from CRASH_SEED, in CRASH_MODE (DELETE or WAL). SOAK_WORLD=clusters: of one that makes and saves clusters, too. */
import { seedFor } from '../seed.ts'
import { type CrashMode, runCrashes } from './crash-run.ts'

const seed = seedFor('CRASH_SEED')
const kills = Number(process.env['CRASH_KILLS'] ?? 1000)
const mode = (process.env['CRASH_MODE'] ?? 'DELETE') as CrashMode
const world = process.env['SOAK_WORLD'] === 'clusters' ? 'clusters' : 'scan'
console.log(`CRASH_SEED=${seed} CRASH_KILLS=${kills} CRASH_MODE=${mode} SOAK_WORLD=${world}`)
const progress = (done: number): void => {
  if (done % 50 === 0) console.log(`${done} kills, ${process.uptime().toFixed(0)} s`)
}
const report = await runCrashes(seed, kills, mode, progress, world)
console.log(JSON.stringify(report))
