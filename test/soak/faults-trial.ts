import { open, type Connection } from '../../src/entries/main.ts'
import { Dice } from '../dice.ts'
import type { DiskFolder } from './disk-folder.ts'
import type { Stage, Step } from './disk-steps.ts'
import { watchedName } from './disk-vfs.ts'
import {
  digestOf,
  isShared,
  type JournalMode,
  journalPragma,
  openOptions,
  ownRows,
  type Size,
} from './disk-world.ts'
import type { Moment } from './power-judge.ts'

/** A table in a journal mode, and one step on it. */
export interface Scene {
  readonly size: Size
  readonly mode: JournalMode
  readonly step: Step
}

export function describeScene({ size, mode, step }: Scene): string {
  return `${size.name} ${mode} ${step.name}`
}

/** One run of a step, with or without a fault. */
export class Trial implements Stage {
  readonly size: Size
  readonly dice: Dice
  readonly otherPath: string
  readonly answers: string[] = []
  /** The files after each commit; kept in a run that watches for them. */
  readonly moments: Map<number, Moment> = new Map()
  db: Connection
  attempted = 0
  acknowledged = 0
  readonly #folder: DiskFolder
  readonly #mode: JournalMode
  /** Digest of the second file; undefined where nobody watches for moments. */
  #other: string | undefined

  private constructor(folder: DiskFolder, scene: Scene, db: Connection, seed: number) {
    this.#folder = folder
    this.#mode = scene.mode
    this.size = scene.size
    this.db = db
    this.dice = new Dice(seed)
    this.otherPath = watchedName(folder.other)
  }

  /** Opens the file. With `other`, the digest of the second file as it is, moments are kept. */
  static async begin(
    folder: DiskFolder,
    scene: Scene,
    { seed, other }: { readonly seed: number; readonly other?: string },
  ): Promise<Trial> {
    const trial = new Trial(folder, scene, await connect(folder.main, scene.mode), seed)
    if (other !== undefined) {
      trial.#other = other
      trial.moments.set(0, { main: digestOf(ownRows(trial.db)), other })
    }
    return trial
  }

  configure(db: Connection, schema: string): void {
    configure(db, schema, this.#mode)
  }

  commit(change: (db: Connection) => void, schemas: readonly string[] = ['main']): void {
    const commit = ++this.attempted
    const { db } = this
    db.transaction(() => {
      change(db)
      for (const schema of schemas) db.exec(`INSERT INTO ${schema}.tally VALUES (${commit})`)
    })()
    this.acknowledged = commit
    if (this.#other === undefined) return
    if (schemas.includes('other')) this.#other = digestOf(ownRows(db, 'other'))
    this.moments.set(commit, { main: digestOf(ownRows(db)), other: this.#other })
  }

  async second(): Promise<Connection | undefined> {
    return isShared(this.#mode) ? await connect(this.#folder.main, this.#mode) : undefined
  }

  async reopen(): Promise<void> {
    this.db.close()
    this.db = await connect(this.#folder.main, this.#mode)
  }
}

export async function connect(path: string, mode: JournalMode): Promise<Connection> {
  const db = await open(watchedName(path), { ...openOptions(mode), busyTimeout: 20 })
  try {
    configure(db, 'main', mode)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function configure(db: Connection, schema: string, mode: JournalMode): void {
  // EXTRA syncs everything that can be synced, so everything can fail.
  db.exec(`${journalPragma(mode, schema)}; PRAGMA ${schema}.synchronous = EXTRA`)
}
