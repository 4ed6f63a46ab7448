import { test } from 'node:test'
import { noShell } from '../engine/vfs-process.ts'
import { runModel } from './run.ts'

const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 1e9)
const count = Number(process.env['MODEL_OPS'] ?? 3000)

test(`after each of ${count} random statements every connection agrees with brute force (MODEL_SEED=${seed})`, async t => {
  const report = await runModel(seed, count, { shell: noShell() === false })
  t.diagnostic(JSON.stringify(report))
})
