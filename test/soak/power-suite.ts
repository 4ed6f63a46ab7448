import { DiskFolder } from './disk-folder.ts'
import { journalModes, LARGE, SMALL } from './disk-world.ts'
import { SYNCHRONOUS } from './power-promise.ts'
import { crashAll, type CrashCounts, describe, record, type Setting } from './power-run.ts'

export interface PowerReport extends CrashCounts {
  readonly recordings: number
  readonly events: number
  readonly seconds: number
}

/** Every journal mode with every `synchronous`, and a large table where indexes are saved. */
export const SETTINGS: readonly Setting[] = [
  ...journalModes().flatMap(mode =>
    SYNCHRONOUS.map((synchronous): Setting => ({ size: SMALL, mode, synchronous })),
  ),
  { size: LARGE, mode: 'delete', synchronous: 'full' },
  { size: LARGE, mode: 'persist', synchronous: 'full' },
  { size: LARGE, mode: 'wal-exclusive', synchronous: 'normal' },
]

export interface PowerOptions {
  /** One crash in so many is tried: of a small world, and of a large one. */
  readonly every: Readonly<Record<Setting['size']['name'], number>>
  readonly settings?: readonly Setting[]
  progress?(done: string): void
}

/** Records each setting and lets the power fail all along it; throws at the first thing that is wrong. */
export async function runPower(seed: number, options: PowerOptions): Promise<PowerReport> {
  const started = performance.now()
  const counts: CrashCounts = { crashes: 0, same: 0, again: 0, undone: 0 }
  const settings = options.settings ?? SETTINGS
  let events = 0
  for (const setting of settings) {
    const folder = new DiskFolder('power')
    try {
      const recording = await record(folder, setting, seed)
      events += recording.events.length
      const every = options.every[setting.size.name]
      const failed = (problem: string): never => {
        throw new Error(`${problem}: POWER_SEED=${seed} POWER_ONLY='${describe(setting)}'`)
      }
      await crashAll(folder, recording, { seed, every, again: 20, failed }, counts)
    } finally {
      folder.remove()
    }
    options.progress?.(`${describe(setting)}: ${counts.crashes} crashes so far`)
  }
  const seconds = (performance.now() - started) / 1000
  return { ...counts, recordings: settings.length, events, seconds }
}
