import assert from 'node:assert/strict'
import { open, type Connection, type SqlValue } from '../../src/entries/main.ts'
import { bareError, workingCopy, type GoldenFile, type Step } from './golden-folder.ts'
import { SqlOracle } from './oracle.ts'
import { difference, paramsOf, recordedRows, run, type Outcome } from './outcome.ts'
import { parseCreate, vecTables, type DeclaredTable } from './vec-tables.ts'

/** What a step is held against instead of the recorded answer. */
interface Deviation {
  readonly id: string
  check(step: Step, replay: Replay, ours: Outcome): void
}

/** One run of a golden file, between two steps. */
export class Replay {
  readonly db: Connection
  readonly file: GoldenFile
  readonly oracle: SqlOracle
  tables: DeclaredTable[]
  /** The step runs inside a transaction that has written. */
  writing = false
  /** The original's memory of an index may be older than the rows: it searched in a transaction that had written. */
  staleInOriginal = false
  readonly remove: () => void

  private constructor(db: Connection, file: GoldenFile, remove: () => void) {
    this.db = db
    this.file = file
    this.remove = remove
    this.oracle = new SqlOracle(db)
    this.tables = vecTables(db)
  }

  static async start(file: GoldenFile): Promise<Replay> {
    const { path, remove } = workingCopy(file.db)
    return new Replay(await open(path), file, remove)
  }

  end(): void {
    this.db.close()
    this.remove()
  }

  /** The vec table that a statement reads. */
  tableOf(sql: string): DeclaredTable | undefined {
    return this.tables.find(({ name }) =>
      new RegExp(`(FROM|JOIN|INTO|UPDATE)\\s+"?${name}"?(?![\\p{L}\\w])`, 'iu').test(sql),
    )
  }

  /** Runs a step as it was recorded, and looks how ours answers. Returns the rule that was needed. */
  step(
    step: Step,
    ruleFor: (step: Step, replay: Replay) => Deviation | undefined,
  ): string | undefined {
    // What the original refused to write does not exist for the steps that follow.
    const undo = step.error?.includes('attempt to write a readonly database') === true
    if (undo) this.db.exec('SAVEPOINT refused')
    try {
      return this.#step(step, ruleFor)
    } finally {
      if (undo) this.db.exec('ROLLBACK TO refused; RELEASE refused')
    }
  }

  #step(
    step: Step,
    ruleFor: (step: Step, replay: Replay) => Deviation | undefined,
  ): string | undefined {
    this.writing = this.db.transactionState() === 'write'
    const params = paramsOf(step)
    const ours = run(this.db, step.sql, params)
    const rule = ruleFor(step, this)
    try {
      if (rule) rule.check(step, this, ours)
      else this.expectRecorded(step, ours)
    } finally {
      this.#afterwards(step)
    }
    return rule?.id
  }

  /** The original's answer, word for word. */
  expectRecorded(step: Step, ours: Outcome): void {
    if (step.error) {
      assert.equal(ours.error?.message, bareError(step.error))
      return
    }
    assert.equal(ours.error, undefined)
    if (step.columns) assert.deepEqual(ours.columns, step.columns)
    const table = this.tableOf(step.sql)
    const tolerance = table?.index === 'cover' ? 1e-6 : 0
    const ordered = /\bMATCH\b|\bORDER BY\b/i.test(step.sql)
    const told = difference(recordedRows(step), ours.rows, {
      columns: step.columns ?? [],
      tolerance,
      ordered,
    })
    assert.equal(told, undefined)
  }

  /** The answer of brute force over the shadow table, to the bit. */
  expectOracle(step: Step, ours: Outcome): void {
    assert.equal(ours.error, undefined)
    const table = this.tableOf(step.sql)
    const expected = table && this.oracle.answer(step.sql, paramsOf(step), table)
    assert.ok(expected, `no oracle for ${step.sql}`)
    const told = difference(expected, ours.rows, {
      columns: ours.columns,
      tolerance: 0,
      ordered: /\bMATCH\b|\bORDER BY\b/i.test(step.sql),
    })
    assert.equal(told, undefined)
  }

  #afterwards({ sql }: Step): void {
    const create = parseCreate(sql)
    if (create || /^\s*(DROP|ALTER)\b/i.test(sql)) this.tables = vecTables(this.db)
    if (/\bvec_invalidate\b|^\s*(INSERT|UPDATE|DELETE)\b/i.test(sql)) this.staleInOriginal = false
    else if (this.writing && /\bMATCH\b/i.test(sql)) this.staleInOriginal = true
  }
}

/** A golden database whose vec tables show archived rows, or that has none. */
export async function startWithArchived(
  file: GoldenFile,
  archived: 'shown' | 'deleted',
): Promise<Replay> {
  const replay = await Replay.start(file)
  const { db } = replay
  for (const { name } of replay.tables) {
    if (!hasArchived(db, name)) continue
    if (archived === 'deleted') db.exec(`DELETE FROM "_vec_${name}" WHERE archived = 1`)
    else {
      const sql = db
        .prepare('SELECT sql FROM sqlite_master WHERE name = ?')
        .pluck()
        .get(name) as string
      db.exec(`DROP TABLE "${name}"`)
      db.exec(sql.replace(/\)\s*$/, ', include_archived=1)'))
    }
  }
  return replay
}

/** Whether a vec table of this file has archived rows. */
export function hasArchived(db: Connection, table: string): boolean {
  const columns = db
    .prepare('SELECT name FROM pragma_table_info(?)')
    .pluck()
    .all(`_vec_${table}`) as SqlValue[]
  if (!columns.includes('archived')) return false
  return db.prepare(`SELECT 1 FROM "_vec_${table}" WHERE archived = 1 LIMIT 1`).get() !== undefined
}
