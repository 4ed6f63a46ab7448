import assert from 'node:assert/strict'
import { seededTest } from '../seed.ts'
import { DiskFolder } from './disk-folder.ts'
import { SMALL } from './disk-world.ts'
import type { DiskEvent } from './power-log.ts'
import { crashAll, record } from './power-run.ts'
import { runPower } from './power-suite.ts'

const test = seededTest('POWER_SEED')

test('a power failure loses no commit that is promised to be safe', async (t, seed) => {
  t.diagnostic(JSON.stringify(await runPower(seed, { every: { small: 130, large: 800 } })))
})

/** What is found when the events of a kind never reached the disk. */
async function problemsWithout(kind: DiskEvent['kind'], seed: number): Promise<number> {
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

test('a disk that ignores syncs is found out', async (_t, seed) => {
  for (const kind of ['sync', 'sync-folder'] as const)
    assert.ok((await problemsWithout(kind, seed)) > 5)
})
