import { createHash } from 'node:crypto'
import { open, type Connection } from '../../src/entries/main.ts'
import { Dice } from '../dice.ts'
import type { DiskFolder, FolderContents } from './disk-folder.ts'
import { type Stage, STEPS } from './disk-steps.ts'
import { registerWatched, watch, watchedName } from './disk-vfs.ts'
import {
  digestOf,
  fillWorld,
  isShared,
  type JournalMode,
  journalPragma,
  openOptions,
  ownRows,
  type Size,
} from './disk-world.ts'
import { Disk, LOSSES, type Loss } from './power-disk.ts'
import { type Expected, judge, type Moment } from './power-judge.ts'
import { describeEvent, type DiskEvent } from './power-log.ts'
import { promiseOf, type Promised, type Synchronous } from './power-promise.ts'
import { Recorder } from './power-recorder.ts'

/** One recording: a program that commits, saves and prunes, and what reached the disk meanwhile. */
export interface Setting {
  readonly size: Size
  readonly mode: JournalMode
  readonly synchronous: Synchronous
}

export interface Recording {
  readonly setting: Setting
  readonly before: FolderContents
  readonly events: readonly DiskEvent[]
  readonly moments: ReadonlyMap<number, Moment>
}

/** Records every step of a world from its seed. */
export async function record(
  folder: DiskFolder,
  setting: Setting,
  seed: number,
): Promise<Recording> {
  await registerWatched()
  folder.write(new Map())
  const dice = new Dice(seed)
  const moments = new Map<number, Moment>()
  const { size, mode, synchronous } = setting
  const configure = (db: Connection, schema: string): void => {
    db.exec(`${journalPragma(mode, schema)}; PRAGMA ${schema}.synchronous = ${synchronous}`)
  }
  const connect = async (path: string): Promise<Connection> => {
    const db = await open(watchedName(path), openOptions(mode))
    configure(db, 'main')
    db.exec('PRAGMA wal_autocheckpoint = 40')
    return db
  }
  let otherDigest: string
  {
    using other = await connect(folder.other)
    fillWorld(other, size, dice)
    otherDigest = digestOf(ownRows(other))
  }
  // Without a journal, nothing makes the name of a new file safe.
  if (mode === 'memory') (await connect(folder.main)).close()
  const before = folder.read()
  const recorder = new Recorder(before)
  watch(recorder.around)
  try {
    const db = await connect(folder.main)
    fillWorld(db, size, dice)
    recorder.events.push({ kind: 'acknowledge', commit: 0 })
    moments.set(0, { main: digestOf(ownRows(db)), other: otherDigest })
    let commits = 0
    const stage: Stage = {
      size,
      dice,
      answers: [],
      otherPath: watchedName(folder.other),
      configure,
      db,
      commit(change, schemas = ['main']) {
        const commit = ++commits
        const { db: on } = stage
        recorder.events.push({ kind: 'attempt', commit })
        on.transaction(() => {
          change(on)
          for (const schema of schemas) on.exec(`INSERT INTO ${schema}.tally VALUES (${commit})`)
        })()
        recorder.events.push({ kind: 'acknowledge', commit })
        if (schemas.includes('other')) otherDigest = digestOf(ownRows(on, 'other'))
        moments.set(commit, { main: digestOf(ownRows(on)), other: otherDigest })
      },
      second: async () => (isShared(mode) ? await connect(folder.main) : undefined),
      async reopen() {
        stage.db.close()
        stage.db = await connect(folder.main)
      },
    }
    for (const step of STEPS)
      if (step.large !== true || size.name === 'large') await step.run(stage)
    stage.db.close()
  } finally {
    watch(undefined)
  }
  return { setting, before, events: recorder.events, moments }
}

export interface CrashOptions {
  readonly seed: number
  /** One crash in so many is tried; 1: all. */
  readonly every: number
  /** One crash in so many is recovered under observation, and the power fails again on the way; 0: none. */
  readonly again: number
  /** Told what is wrong. */
  failed(problem: string): void
}

export interface CrashCounts {
  /** Crashes whose remains were opened. */
  crashes: number
  /** Crashes whose remains had been seen before. */
  same: number
  /** Of `crashes`, those in the middle of the recovery from another one. */
  again: number
  /** Acknowledged commits that were missing, as is allowed: at most, in one crash. */
  undone: number
}

/** Lets the power fail after each event of a recording, with each kind of loss, and opens what is left. */
export async function crashAll(
  folder: DiskFolder,
  recording: Recording,
  options: CrashOptions,
  counts: CrashCounts,
): Promise<void> {
  const { setting, before, events, moments } = recording
  const promised = promiseOf(setting.mode, setting.synchronous)
  const disk = new Disk(before)
  const seen = new Set<string>()
  let acknowledged = -1
  /** Write-ahead logs of the main file, and the newest commit that one held when it was synced. */
  const logs = new Set<number>()
  let logged = -1
  let attempted = 0
  let tried = 0
  for (const [at, event] of events.entries()) {
    disk.apply(event)
    if (event.kind === 'acknowledge') acknowledged = event.commit
    if (event.kind === 'create' && event.path === `${folder.main}-wal`) logs.add(event.file)
    if (event.kind === 'sync' && logs.has(event.file)) logged = acknowledged
    if (event.kind === 'attempt') attempted = event.commit
    for (const loss of LOSSES) {
      if (!isPromised(promised, loss, event)) continue
      const dice = new Dice(mix(options.seed, tried++))
      if (dice.below(options.every) !== 0) continue
      const remains = disk.crash(loss, dice)
      const expected: Expected = {
        from: loss.name === 'killed' ? acknowledged : oldest(promised, acknowledged, logged),
        to: attempted,
        moments,
        atomic: promised.atomic,
      }
      if (isKnown(seen, remains, expected)) {
        counts.same++
        continue
      }
      const where = `${tried - 1} (${describe(setting)}, ${loss.name}, after event ${at}: ${describeEvent(event)})`
      counts.crashes++
      const found = await judge(folder, remains, expected, { ...setting, dice })
      if (typeof found === 'string') {
        options.failed(`crash ${where}: ${found}`)
        continue
      }
      counts.undone = Math.max(counts.undone, acknowledged - found)
      if (options.again === 0 || dice.below(options.again) !== 0) continue
      const crash = { setting, promised, dice, where }
      await crashRecovery(folder, remains, expected, crash, options, counts)
    }
  }
}

/** The power fails a second time, while the file is being recovered from the first time. */
async function crashRecovery(
  folder: DiskFolder,
  remains: FolderContents,
  expected: Expected,
  crash: { setting: Setting; promised: Promised; dice: Dice; where: string },
  options: CrashOptions,
  counts: CrashCounts,
): Promise<void> {
  const { setting, promised, dice, where } = crash
  folder.write(remains)
  const recorder = new Recorder(remains)
  watch(recorder.around)
  try {
    for (const path of [folder.main, folder.other].filter(name => remains.has(name))) {
      const db = await open(watchedName(path), openOptions(setting.mode))
      db.exec(`PRAGMA synchronous = ${setting.synchronous}`)
      db.pragma('schema_version')
      db.close()
    }
  } finally {
    watch(undefined)
  }
  const disk = new Disk(remains)
  for (const event of recorder.events) {
    disk.apply(event)
    for (const loss of LOSSES) {
      // A recovery has many events; a few of them, other ones each time, are enough.
      if (!dice.chance(10 / recorder.events.length / LOSSES.length)) continue
      if (!isPromised(promised, loss, event)) continue
      counts.crashes++
      counts.again++
      const found = await judge(folder, disk.crash(loss, dice), expected, { ...setting, dice })
      if (typeof found === 'string')
        options.failed(
          `${loss.name} after ${describeEvent(event)} in the recovery of crash ${where}: ${found}`,
        )
    }
  }
}

function isPromised({ whole }: Promised, loss: Loss, event: DiskEvent): boolean {
  const between = event.kind === 'acknowledge'
  switch (whole) {
    case 'always':
      return true
    case 'in order':
      return loss.order !== 'free'
    case 'between transactions':
      return between
    case 'without power loss':
      return loss.name === 'killed'
    case 'without power loss, between transactions':
      return between && loss.name === 'killed'
  }
}

function oldest({ durable }: Promised, acknowledged: number, logged: number): number {
  if (durable === 'all') return acknowledged
  return durable === 'all but the last' ? acknowledged - 1 : logged
}

function isKnown(seen: Set<string>, remains: FolderContents, { from, to }: Expected): boolean {
  const hash = createHash('sha1')
  for (const [path, bytes] of remains) hash.update(path).update(String(bytes.length)).update(bytes)
  const key = `${from} ${to} ${hash.digest('hex')}`
  if (seen.has(key)) return true
  seen.add(key)
  return false
}

export function describe({ size, mode, synchronous }: Setting): string {
  return `${size.name} ${mode} ${synchronous}`
}

function mix(seed: number, n: number): number {
  return (seed + Math.imul(n + 1, 0x9e3779b1)) >>> 0
}
