import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lockSupport } from '../../src/entries/engine.ts'
import { insertMany, open, type Connection } from '../../src/entries/main.ts'
import { someCondition } from './filters-conditions.ts'
import {
  COLUMNS,
  createWorld,
  FiltersWorld,
  NOT_UTF8,
  pick,
  type Sizes,
  type Value,
} from './filters-world.ts'
import { Random } from './random.ts'

/** Steps between two files. */
const EPISODE = 400
/** An index that keeps its rows in memory, and one that keeps codes alone. */
const SMALL: Sizes = { rows: 250, dim: 8 }
const LARGE: Sizes = { rows: 2300, dim: 128 }
const DECLARATION = 'lang TEXT, year INTEGER, price REAL, tags JSON'

export interface FiltersReport {
  readonly steps: number
  /** Searches that were compared with SQL on the table. */
  readonly searches: number
  readonly writes: number
  readonly files: number
}

/**
 * Random writes of two connections, in transactions that commit or not, and after each a search with a random condition:
 * its rows must be those of SQL on the table. Throws at the first that are not.
 */
export async function runFilters(
  seed: number,
  steps: number,
  progress: (done: number) => void = () => undefined,
): Promise<FiltersReport> {
  const random = new Random(seed)
  const wal = (await lockSupport()).kind === 'ofd'
  const report = { steps: 0, searches: 0, writes: 0, files: 0 }
  const worlds = [new FiltersWorld(random, SMALL), new FiltersWorld(random, LARGE)]
  for (const world of worlds) await world.score()
  while (report.steps < steps) {
    const large = report.files % 4 === 1
    const world = worlds[large ? 1 : 0]
    const count = Math.min(large ? EPISODE / 8 : EPISODE, steps - report.steps)
    const folder = mkdtempSync(join(tmpdir(), 'filters-'))
    const file = new File(join(folder, 'docs.db'), world, random, wal && random.below(2) === 0)
    try {
      await file.create()
      for (let step = 0; step < count; step++) {
        await file.step(`seed ${seed}, step ${report.steps}`)
        report.steps++
      }
    } finally {
      report.searches += file.searches
      report.writes += file.writes
      report.files++
      file.close()
      rmSync(folder, { recursive: true, force: true })
    }
    progress(report.steps)
  }
  return report
}

class File {
  searches = 0
  writes = 0
  readonly #path: string
  readonly #world: FiltersWorld
  readonly #random: Random
  readonly #wal: boolean
  #connections: Connection[] = []

  constructor(path: string, world: FiltersWorld, random: Random, wal: boolean) {
    this.#path = path
    this.#world = world
    this.#random = random
    this.#wal = wal
  }

  async create(): Promise<void> {
    await this.#open()
    const [db] = this.#connections
    if (this.#wal) db.exec('PRAGMA journal_mode = WAL')
    createWorld(db, DECLARATION)
    const { rows } = this.#world.sizes
    insertMany(
      db,
      '_vec_docs',
      [...COLUMNS],
      Array.from({ length: rows }, (_, i) => this.#world.row(`d${i}`)),
    )
  }

  close(): void {
    for (const db of this.#connections) db.close()
  }

  async step(name: string): Promise<void> {
    const r = this.#random
    const db = pick(r, this.#connections)
    const other = this.#connections.find(one => one !== db)!
    if (r.below(100) === 0) {
      this.close()
      await this.#open()
      return
    }
    const held = this.#wal && r.below(6) === 0
    if (held) {
      other.exec('BEGIN')
      this.#search(other, name)
    }
    const inTransaction = r.below(5) < 2
    if (inTransaction) db.exec('BEGIN IMMEDIATE')
    for (let writes = r.below(4); writes > 0; writes--) this.#write(db)
    if (inTransaction) {
      this.#search(db, `${name}, in its transaction`)
      if (r.below(3) === 0) {
        db.exec('SAVEPOINT s')
        this.#write(db)
        this.#search(db, `${name}, in a savepoint`)
        db.exec(pick(r, ['RELEASE s', 'ROLLBACK TO s; RELEASE s']))
        this.#search(db, `${name}, after a savepoint`)
      }
      db.exec(pick(r, ['COMMIT', 'ROLLBACK']))
    }
    if (held) {
      this.#search(other, `${name}, in an older snapshot`)
      this.#search(db, name)
      this.#search(other, `${name}, in an older snapshot again`)
      other.exec('COMMIT')
    }
    this.#search(pick(r, this.#connections), name)
    if (r.below(200) === 0) db.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
    if (r.below(200) === 0) db.exec("INSERT INTO docs(docs) VALUES ('optimize')")
  }

  async #open(): Promise<void> {
    this.#connections = [await open(this.#path), await open(this.#path)]
    // What is asked here is what searches say, not what a power cut leaves.
    for (const db of this.#connections) db.exec('PRAGMA synchronous = OFF')
  }

  #write(db: Connection): void {
    this.writes++
    const r = this.#random
    const world = this.#world
    const run = (sql: string, ...values: Value[]): void => {
      db.prepare(sql).run(...values)
    }
    const id = world.id()
    switch (r.below(12)) {
      case 0:
      case 1: {
        const column = pick(r, ['lang', 'year', 'price', 'tags', 'meta'] as const)
        run(`UPDATE _vec_docs SET ${column} = ? WHERE id = ?`, world[column](), id)
        return
      }
      case 2: {
        const column = pick(r, ['lang', 'year', 'price', 'tags'] as const)
        run(
          `UPDATE docs SET ${column} = ? WHERE dataset_id = 'a' AND doc_id = ?`,
          world[column](),
          id,
        )
        return
      }
      case 3:
      case 4:
      case 5:
        run(
          `INSERT OR REPLACE INTO _vec_docs(${COLUMNS.join(', ')}) VALUES (${COLUMNS.map(() => '?').join(', ')})`,
          ...world.row(id),
        )
        return
      case 6:
        run('DELETE FROM _vec_docs WHERE id = ?', id)
        return
      case 7:
        run('UPDATE _vec_docs SET archived = 1 - archived WHERE id = ?', id)
        return
      case 8:
        run('UPDATE OR REPLACE _vec_docs SET rowid = rowid + 100000 WHERE id = ?', id)
        return
      case 9:
        run(`UPDATE _vec_docs SET lang = ${NOT_UTF8} WHERE id = ?`, id)
        return
      case 10:
        run('UPDATE _vec_docs SET year = year + 1, lang = upper(lang) WHERE year = ?', world.year())
        return
      default:
        run('UPDATE OR IGNORE _vec_docs SET id = ? WHERE id = ?', world.id(), id)
    }
  }

  #search(db: Connection, name: string): void {
    this.searches++
    const r = this.#random
    const world = this.#world
    const query = r.below(world.queries.length)
    const { search, table, values, tableValues } = someCondition(r, world)
    const k = pick(r, [1, 5, 10, 60, world.sizes.rows])
    const found = db
      .prepare(
        `SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? AND ${search} ORDER BY match_score DESC LIMIT ?`,
      )
      .pluck()
      .all(world.queries[query], ...values, k)
    const passing = db
      .prepare(`SELECT id, number FROM _vec_docs WHERE archived = 0 AND (${table})`)
      .raw()
      .all(...tableValues) as [string, number][]
    const expected = world.ranked(query, passing).slice(0, k)
    const shown = values.map(value => (typeof value === 'bigint' ? `${value}` : value))
    assert.deepEqual(found, expected, `${name}: ${search} ${JSON.stringify(shown)}, k = ${k}`)
  }
}
