/** `npm run soak:crash`: CRASH_KILLS kills (1,000) of a process that builds, folds, saves and prunes, from CRASH_SEED, in CRASH_MODE (DELETE or WAL). */
import { seedFor } from '../seed.ts'
import { type CrashMode, runCrashes } from './crash-run.ts'

const seed = seedFor('CRASH_SEED')
const kills = Number(process.env['CRASH_KILLS'] ?? 1000)
const mode = (process.env['CRASH_MODE'] ?? 'DELETE') as CrashMode
console.log(`CRASH_SEED=${seed} CRASH_KILLS=${kills} CRASH_MODE=${mode}`)
const report = await runCrashes(seed, kills, mode, done => {
  if (done % 50 === 0) console.log(`${done} kills, ${process.uptime().toFixed(0)} s`)
})
console.log(JSON.stringify(report))
