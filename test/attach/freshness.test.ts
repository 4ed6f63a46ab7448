import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { Dice } from '../dice.ts'
import { seededTest } from '../seed.ts'
import { Peer } from '../soak/peer.ts'
import { FreshnessWorld, type Size } from './freshness-world.ts'
import { DRIVERS, type Driver } from './handles.ts'
import { TABLE_KINDS, type TableKind } from './table-kind.ts'

const STEPS = Number(process.env['ATTACH_STEPS'] ?? 20_000)
/** Steps of one file. */
const WORLD = 400
const SMALL: Size = { rows: 30, dim: 4 }
const LARGE: Size = { rows: 2700, dim: 100 }
/** A step of a large world costs as much as so many. */
const LARGE_COST = 20

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-attach-'))
let files = 0
/** Other programs that write the files. */
let peers: Peer[] | undefined
after(async () => {
  for (const peer of peers ?? []) await peer.end()
  rmSync(folder, { recursive: true, force: true })
})

/** How the steps are shared out: those of libsql take several times as long. */
const native = DRIVERS.filter(({ name }) => name !== 'our engine')
const weightOf = ({ name, skip }: Driver): number =>
  skip !== false ? 0 : name === 'libsql' ? 1 : 4
const weights = native.reduce((sum, driver) => sum + weightOf(driver), 0)

for (const driver of native) {
  const share = (STEPS * weightOf(driver)) / (weights || 1)
  for (const kind of TABLE_KINDS) {
    const steps = Math.ceil(share / TABLE_KINDS.length)
    seededTest('ATTACH_SEED', { ATTACH_STEPS: STEPS })(
      `${driver.name}, ${kind.name}: ${steps} random steps in WAL mode, each search as brute force`,
      { skip: driver.skip },
      async (_t, seed) => run(driver, kind, steps, seed),
    )
  }
}

async function run(driver: Driver, kind: TableKind, steps: number, seed: number): Promise<void> {
  // Our own engine shares a WAL where native programs see its locks.
  peers ??=
    lockSupport().kind === 'ofd' ? [new Peer('native'), new Peer('ours')] : [new Peer('native')]
  let done = 0
  for (let number = 0; done < steps; number++) {
    const large = number % LARGE_COST === 1
    const size = large ? LARGE : SMALL
    const of = Math.min(steps - done, large ? WORLD / LARGE_COST : WORLD)
    const dice = new Dice(seed + number)
    const path = join(folder, `${files++}.sqlite`)
    const world = await FreshnessWorld.make(dice, driver, kind, size, path, peers)
    let step = 0
    try {
      for (; step < of; step++) await world.step()
      await world.end()
    } catch (error) {
      const told = `world ${number}, step ${step}:\n${world.log.slice(-60).join('\n')}`
      ;(error as Error).message += `\n${told}`
      ;(error as Error).stack += `\n${told}`
      await world.close().catch(() => undefined)
      throw error
    }
    done += of
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  }
}
