/** `npm run soak:crash`: CRASH_KILLS kills (1,000) of a process that builds, folds, saves and prunes, from CRASH_SEED. */
import { runCrashes } from './crash-run.ts'

const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1e9)
const kills = Number(process.env['CRASH_KILLS'] ?? 1000)
console.log(`CRASH_SEED=${seed} CRASH_KILLS=${kills}`)
const report = await runCrashes(seed, kills, done => {
  if (done % 50 === 0) console.log(`${done} kills, ${process.uptime().toFixed(0)} s`)
})
console.log(JSON.stringify(report))
