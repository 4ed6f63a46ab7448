import { test } from 'node:test'
import { runDamage } from './damage-run.ts'

const seed = Number(process.env['DAMAGE_SEED'] ?? Date.now() % 1e9)
const count = Number(process.env['DAMAGE_COUNT'] ?? 600)

test(`after each of ${count} damages to saved indexes and journals the answer is right (DAMAGE_SEED=${seed})`, async t => {
  t.diagnostic(JSON.stringify(await runDamage(seed, count)))
})
