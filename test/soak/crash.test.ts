import { test } from 'node:test'
import { runCrashes } from './crash-run.ts'

const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1e9)
const kills = Number(process.env['SOAK_KILLS'] ?? 8)

test(`no committed row is lost and every answer is right after ${kills} kills (CRASH_SEED=${seed})`, async t => {
  t.diagnostic(JSON.stringify(await runCrashes(seed, kills)))
})
