import { noShell } from '../engine/vfs-process.ts'
import { seededTest } from '../seed.ts'
import { runModel } from './run.ts'

const count = Number(process.env['MODEL_OPS'] ?? 3000)

seededTest('MODEL_SEED', { MODEL_OPS: count })(
  `after each of ${count} random statements every connection agrees with brute force`,
  async (t, seed) => {
    const report = await runModel(seed, count, { shell: noShell() === false })
    t.diagnostic(JSON.stringify(report))
  },
)
