import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DiskFolder } from './disk-folder.ts'
import { SMALL } from './disk-world.ts'
import type { DiskEvent } from './power-log.ts'
import { crashAll, record } from './power-run.ts'
import { runPower } from './power-suite.ts'

const fixed = process.env['CI'] === 'true' ? 20261125 : Date.now() % 1e9
const seed = Number(process.env['POWER_SEED'] ?? fixed)

test(`a power failure loses no commit that is promised to be safe (POWER_SEED=${seed})`, async t => {
  t.diagnostic(JSON.stringify(await runPower(seed, { every: { small: 130, large: 800 } })))
})

/** What is found when the events of a kind never reached the disk. */
async function problemsWithout(kind: DiskEvent['kind']): Promise<number> {
  const folder = new DiskFolder('power')
  try {
    const setting = { size: SMALL, mode: 'delete', synchronous: 'extra' } as const
    const recording = await record(folder, setting, seed)
    const events = recording.events.filter(event => event.kind !== kind)
    const counts = { crashes: 0, same: 0, again: 0, undone: 0 }
    let problems = 0
    const failed = (): void => void problems++
    await crashAll(folder, { ...recording, events }, { seed, every: 60, again: 0, failed }, counts)
    return problems
  } finally {
    folder.remove()
  }
}

test('a disk that ignores syncs is found out', async () => {
  for (const kind of ['sync', 'sync-folder'] as const)
    assert.ok((await problemsWithout(kind)) > 5, `POWER_SEED=${seed}`)
})
