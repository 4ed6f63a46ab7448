import { isDeepStrictEqual } from 'node:util'
import { Dice } from '../dice.ts'
import { DiskFolder, type FolderContents } from './disk-folder.ts'
import { STEPS } from './disk-steps.ts'
import { registerWatched, watch } from './disk-vfs.ts'
import {
  digestOf,
  fillWorld,
  type JournalMode,
  journalModes,
  LARGE,
  ownRows,
  type Size,
  SMALL,
  wrongAnswer,
} from './disk-world.ts'
import { type Clean, describeError, wrongAfterwards, wrongError } from './faults-judge.ts'
import {
  failuresOf,
  type Fault,
  FaultPlan,
  type Operation,
  type RandomFaults,
} from './faults-plan.ts'
import { connect, describeScene, type Scene, Trial } from './faults-trial.ts'

export interface FaultsReport {
  readonly scenes: number
  /** Calls of the clean runs: each can fail. */
  readonly calls: number
  trials: number
  /** Trials that ended in an error; the others did without what failed. */
  errors: number
  /** Trials by the operation that failed. */
  readonly byOperation: Record<string, number>
  seconds: number
}

export interface FaultsOptions {
  /** One fault in so many is tried, of a small table and of a large one; 0: none. */
  readonly every: Readonly<Record<Size['name'], number>>
  /** Runs of each scene in which calls fail at random. */
  readonly random: number
  readonly scenes?: readonly Scene[]
  /** The one fault to try. */
  readonly only?: Fault | undefined
  failed(problem: string): void
  progress?(done: string): void
}

/** Every step in every journal mode, the first one from a cold start, and the same on a large table. */
export function scenes(): Scene[] {
  const small = STEPS.filter(({ large }) => large !== true)
  return [
    ...journalModes().flatMap(mode => small.map((step): Scene => ({ size: SMALL, mode, step }))),
    ...largeModes().flatMap(mode => STEPS.map((step): Scene => ({ size: LARGE, mode, step }))),
  ]
}

function largeModes(): JournalMode[] {
  return journalModes().filter(mode => mode === 'delete' || mode === 'wal')
}

/** Lets every call of every scene fail in every way; tells `failed` what is wrong. */
export async function runFaults(seed: number, options: FaultsOptions): Promise<FaultsReport> {
  await registerWatched()
  const started = performance.now()
  const all = options.scenes ?? scenes()
  const counts = { calls: 0, trials: 0, errors: 0, byOperation: {} as Record<string, number> }
  const folder = new DiskFolder('faults')
  try {
    for (const scene of all) {
      await runScene(folder, scene, { seed, counts, options })
      options.progress?.(`${describeScene(scene)}: ${counts.trials} trials so far`)
    }
  } finally {
    watch(undefined)
    folder.remove()
  }
  return { ...counts, scenes: all.length, seconds: (performance.now() - started) / 1000 }
}

interface Run {
  readonly seed: number
  readonly counts: Pick<FaultsReport, 'byOperation'> & {
    calls: number
    trials: number
    errors: number
  }
  readonly options: FaultsOptions
}

async function runScene(folder: DiskFolder, scene: Scene, run: Run): Promise<void> {
  const { seed, counts, options } = run
  const before = await prepare(folder, scene, seed)
  const clean = await runClean(folder, scene, before, seed)
  const plan = new FaultPlan()
  const counted = await runWith(folder, scene, { before, plan, seed })
  if ('error' in counted) throw counted.error
  counted.trial.db.close()
  const attempt = async (
    what: string,
    fault: Fault | RandomFaults,
    replay: string,
  ): Promise<void> => {
    counts.trials++
    const result = await tryFault(folder, scene, fault, { before, clean, seed })
    if (result.error !== undefined) counts.errors++
    if (result.problem === undefined) return
    options.failed(
      `${describeScene(scene)}, ${what}: ${result.problem}\n  error: ${describeError(result.error)}\n  FAULTS_SEED=${seed} FAULTS_ONLY='${describeScene(scene)}' ${replay}`,
    )
  }
  const chosen = new Dice(seed)
  const every = options.every[scene.size.name]
  for (const [operation, calls] of plan.counts) {
    counts.calls += calls
    for (const fault of faults(operation, calls)) {
      // Without a journal on the disk, nothing can undo a write while the disk still fails.
      if (scene.mode === 'memory' && fault.lasting) continue
      if (!isChosen(fault, options.only)) continue
      if (every === 0 || chosen.below(every) !== 0) continue
      counts.byOperation[operation] = (counts.byOperation[operation] ?? 0) + 1
      const { nth, failure, lasting } = fault
      const what = `${operation} ${nth} of ${calls}: ${failure}${lasting ? ' until lifted' : ' once'}`
      await attempt(what, fault, `FAULTS_FAULT='${JSON.stringify(fault)}'`)
    }
  }
  if (scene.mode === 'memory' || options.only !== undefined) return
  const calls = [...plan.counts.values()].reduce((sum, count) => sum + count, 0)
  for (let n = 0; n < options.random; n++) {
    const random = { dice: new Dice(seed + n), chance: (1 + (n % 4)) / calls }
    await attempt(`calls at random, run ${n}`, random, 'FAULTS_EVERY=0')
  }
}

function isChosen(fault: Fault, only: Fault | undefined): boolean {
  return only === undefined || isDeepStrictEqual(fault, only)
}

function faults(operation: Operation, calls: number): Fault[] {
  return failuresOf(operation).flatMap(failure =>
    Array.from({ length: calls }, (_, n) => n + 1).flatMap(nth =>
      [false, true].map((lasting): Fault => ({ operation, nth, failure, lasting })),
    ),
  )
}

/** The files before the step: two filled tables; large ones have a saved index. */
async function prepare(
  folder: DiskFolder,
  { size, mode }: Scene,
  seed: number,
): Promise<FolderContents> {
  folder.write(new Map())
  for (const path of [folder.main, folder.other]) {
    const dice = new Dice(seed)
    using db = await connect(path, mode)
    fillWorld(db, size, dice)
    wrongAnswer(db, size, dice)
  }
  return folder.read()
}

async function runClean(
  folder: DiskFolder,
  scene: Scene,
  before: FolderContents,
  seed: number,
): Promise<Clean> {
  folder.write(before)
  let other: string
  {
    using db = await connect(folder.other, scene.mode)
    other = digestOf(ownRows(db))
  }
  folder.write(before)
  const trial = await Trial.begin(folder, scene, { seed, other })
  await scene.step.run(trial)
  trial.db.close()
  return { moments: trial.moments, answers: trial.answers }
}

type Outcome =
  | { readonly trial: Trial }
  | { readonly trial: Trial | undefined; readonly error: unknown }

/** Runs a scene under a plan. The first step begins with opening the file and ends with closing it. */
async function runWith(
  folder: DiskFolder,
  scene: Scene,
  {
    before,
    plan,
    seed,
  }: { readonly before: FolderContents; readonly plan: FaultPlan; readonly seed: number },
): Promise<Outcome> {
  folder.write(before)
  const isCold = scene.step === STEPS[0]
  let trial: Trial | undefined
  try {
    if (isCold) watch(plan.around)
    trial = await Trial.begin(folder, scene, { seed })
    watch(plan.around)
    await scene.step.run(trial)
    if (isCold) trial.db.close()
    return { trial }
  } catch (error) {
    return { trial, error }
  } finally {
    plan.lift()
    watch(undefined)
  }
}

async function tryFault(
  folder: DiskFolder,
  scene: Scene,
  fault: Fault | RandomFaults,
  {
    before,
    clean,
    seed,
  }: { readonly before: FolderContents; readonly clean: Clean; readonly seed: number },
): Promise<{ error?: unknown; problem?: string }> {
  const plan = new FaultPlan(fault)
  const outcome = await runWith(folder, scene, { before, plan, seed })
  const error = 'error' in outcome ? { error: outcome.error } : {}
  if ('error' in error) {
    const problem = wrongError(error.error, 'dice' in fault ? undefined : fault.failure)
    if (problem !== undefined) {
      if (outcome.trial?.db.open === true) closeQuietly(outcome.trial)
      return { ...error, problem }
    }
  }
  try {
    const trial = outcome.trial ?? (await Trial.begin(folder, scene, { seed }))
    const problem = await wrongAfterwards(folder, scene, trial, clean)
    if (problem === undefined) return error
    if (trial.db.open) closeQuietly(trial)
    return { ...error, problem }
  } catch (later) {
    if (outcome.trial?.db.open === true) closeQuietly(outcome.trial)
    return { ...error, problem: `not usable afterwards: ${describeError(later)}` }
  }
}

function closeQuietly(trial: Trial): void {
  try {
    trial.db.close()
  } catch {
    // The problem has been told.
  }
}
