import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type BindValue, type Connection, type Metric } from '../../src/entries/main.ts'
import { lockSupport } from '../../src/sqlite/platform/node/node-vfs.ts'
import { Dice } from '../dice.ts'
import { mixed } from '../freshness/mixed.ts'
import { wrong } from '../freshness/oracle.ts'
import {
  CLUSTERED_DIM,
  CLUSTERED_ROWS,
  ClusteredVectors,
  PROMISES,
  type RecallTally,
  untilClustered,
} from '../soak/clustered.ts'
import { storedBytes } from '../vec/stored-numbers.ts'

export const DATASETS = ['a', 'A', 'b '] as const
const COLUMNS = `dataset_id TEXT NOT NULL, id TEXT NOT NULL, content TEXT, meta TEXT, embedding BLOB,
  scn INTEGER NOT NULL DEFAULT 0, archived INTEGER NOT NULL DEFAULT 0, code TEXT`

/** Forms of the shadow table. */
const SHADOWS: readonly string[] = [
  `(${COLUMNS}, PRIMARY KEY (dataset_id, id))`,
  `(${COLUMNS}, PRIMARY KEY (dataset_id, id)) WITHOUT ROWID`,
  `(own INTEGER PRIMARY KEY, ${COLUMNS} UNIQUE, UNIQUE (id, dataset_id))`,
  `(${COLUMNS} UNIQUE, PRIMARY KEY (dataset_id, id))`,
  `(${COLUMNS}, PRIMARY KEY (dataset_id COLLATE NOCASE, id COLLATE NOCASE))`,
]

const INDEXES = ['auto', 'brute', 'cover', 'cover, cover_bound=level, cover_base=1.7'] as const

/** How the embeddings are stored: the argument of vec(...), and the type of the column. */
const TYPES = {
  f32: { argument: 'f32', declared: 'BLOB' },
  f16: { argument: 'f16', declared: 'VEC_F16_BLOB' },
  int8: { argument: 'int8, int8_range=1.25', declared: 'VEC_I8_BLOB(1.25)' },
} as const

/** A WAL is shared where native programs see our locks. */
const JOURNAL_MODES: readonly string[] =
  lockSupport().kind === 'ofd'
    ? ['DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY', 'WAL', 'WAL']
    : ['DELETE', 'TRUNCATE', 'PERSIST', 'MEMORY']

const root = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-model-'))
process.once('exit', () => rmSync(root, { recursive: true, force: true }))
let worlds = 0

/** A file, two connections to it, and a second file attached to one of them: what random statements work on. */
export class World {
  readonly dice: Dice
  readonly folder: string
  readonly metric: Metric
  readonly shadow: string
  /** Value of index=. */
  readonly index: string
  readonly dim: number
  /** Many in a large dataset, few in a small one. */
  readonly rows: number
  readonly connections: Connection[] = []
  readonly queries: Float32Array[]
  readonly log: string[] = []
  attached = false
  /** The rows of a large dataset are turned: their squares are mostly along a few axes. */
  readonly turned: boolean
  /** Searches with a promise are counted here; undefined: rows are too few for clusters. */
  readonly #recalls: RecallTally | undefined
  readonly #clustered: ClusteredVectors | undefined
  readonly type: (typeof TYPES)[keyof typeof TYPES]
  readonly #journalMode: string
  #last: Float32Array | undefined
  #hasAxes = false

  /** `recalls`: the first dataset has clusters, and these searches. */
  constructor(seed: number, recalls?: RecallTally) {
    this.dice = new Dice(seed)
    const { dice } = this
    this.folder = join(root, String(worlds++))
    this.#recalls = recalls
    if (recalls) this.#clustered = new ClusteredVectors(dice.next)
    const large = recalls !== undefined || dice.chance(0.16)
    this.turned = recalls !== undefined || (large && dice.chance(0.5))
    const metrics = ['cosine', 'cosine', 'euclidean', 'dot', 'manhattan'] as const
    this.metric = dice.pick(this.turned ? metrics.slice(0, 4) : metrics)
    this.shadow = dice.pick(SHADOWS)
    // The floats of 66 rows of 4000 numbers do not stay in memory: a large dataset that is cheap to check. 1024 are turned.
    this.dim = this.turned ? CLUSTERED_DIM : large ? 4000 : 1 + dice.below(6)
    this.rows = recalls ? CLUSTERED_ROWS : this.turned ? 1500 : large ? 72 : dice.below(14)
    const indexes = this.metric === 'dot' ? (['auto', 'brute'] as const) : INDEXES
    this.index = this.turned ? 'brute' : dice.pick(indexes)
    // The numbers of turned rows are larger than int8 holds.
    const types = recalls
      ? (['f32'] as const)
      : this.turned
        ? (['f32', 'f16'] as const)
        : (['f32', 'f32', 'f16', 'int8'] as const)
    this.type = TYPES[dice.pick<keyof typeof TYPES>(types)]
    this.#journalMode = dice.pick(JOURNAL_MODES)
    this.queries = Array.from({ length: 3 }, () => this.vector())
  }

  get path(): string {
    return join(this.folder, 'main.sqlite')
  }

  get otherPath(): string {
    return join(this.folder, 'other.sqlite')
  }

  get large(): boolean {
    return this.dim > 6
  }

  /** Whether the index rotates its rows. */
  get hasAxes(): boolean {
    return this.#hasAxes
  }

  get clustered(): boolean {
    return this.#recalls !== undefined
  }

  async begin(): Promise<void> {
    mkdirSync(this.folder)
    const db = await this.connect()
    const shadow = this.shadow.replace('embedding BLOB', `embedding ${this.type.declared}`)
    db.exec(`CREATE TABLE _vec_docs ${shadow}`)
    db.exec(
      `CREATE VIRTUAL TABLE docs USING vec(doc_id, metric=${this.metric}, index=${this.index}, type=${this.type.argument})`,
    )
    const insert = db.prepare(
      'INSERT OR IGNORE INTO _vec_docs(dataset_id, id, embedding) VALUES (?, ?, ?)',
    )
    db.transaction(() => {
      for (let n = 0; n < this.rows; n++)
        insert.run(this.large ? 'a' : this.dataset(), `r${n}`, this.stored())
    })()
    if (this.turned) await this.#checkTurned()
    // What is still in a WAL would be missing in the copy.
    db.pragma('wal_checkpoint(TRUNCATE)')
    copyFileSync(this.path, this.otherPath)
    this.connections.push(db, await this.connect())
    this.attach()
    if (this.#recalls) await this.#askNear(db, this.#recalls)
  }

  /** Clusters that were saved are read, and answer. */
  async #askNear(db: Connection, recalls: RecallTally): Promise<void> {
    const { metric } = this
    for (const recall of PROMISES) {
      const question = { table: 'docs', dataset: 'a', query: this.vector(), metric }
      await untilClustered(db, question)
      const problem = recalls.ask(db, question, recall)
      if (problem !== undefined) throw new Error(problem)
    }
  }

  /** Searches, closes, which saves, and looks for the axes. */
  async #checkTurned(): Promise<void> {
    {
      using db = await this.connect()
      db.prepare("SELECT doc_id FROM docs WHERE dataset_id = 'a' AND doc_id MATCH ? LIMIT 1").get(
        this.queries[0],
      )
      const { metric } = this
      const question = { table: 'docs', dataset: 'a', query: this.queries[0], metric }
      if (this.clustered) await untilClustered(db, question)
    }
    using db = await this.connect()
    const sections = db.prepare('SELECT DISTINCT section FROM vector_storage_chunks').pluck().all()
    this.#hasAxes = sections.includes('axes')
    // With clusters, the products of a few worlds have too little in common.
    const isRight = this.clustered ? sections.includes('clusters.head') : this.#hasAxes
    if (!isRight) throw new Error(`saved: ${sections.join(', ')}`)
  }

  async connect(): Promise<Connection> {
    const db = await open(this.path, { busyTimeout: 0 })
    db.exec(`PRAGMA synchronous = OFF; PRAGMA journal_mode = ${this.#journalMode}`)
    return db
  }

  attach(): void {
    this.connections[0].prepare('ATTACH ? AS other').run(this.otherPath)
    this.connections[0].exec('PRAGMA other.synchronous = OFF')
    this.attached = true
  }

  end(): void {
    for (const db of this.connections) db.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  dataset(): string {
    return this.dice.pick(DATASETS)
  }

  id(): string {
    const { dice } = this
    return dice.chance(0.1)
      ? dice.pick(['R1', 'ü😀', 'x'.repeat(200)])
      : `r${dice.below(this.rows + 6)}`
  }

  /** Coarse numbers, so that scores tie. */
  vector(dim: number = this.dim): Float32Array {
    const { dice } = this
    if (this.#clustered && dim === this.dim) return this.#clustered.next()
    if (this.turned && dim === this.dim) return mixed(this.#fewAxes())
    const first = dice.next()
    return Float32Array.from({ length: dim }, (_, i) =>
      i < 8 ? Math.round(dice.next() * 4 - 2) / 2 : ((i * first) % 1) - 0.5,
    )
  }

  /** Less along each axis than along the one before; some come again, so that scores tie. */
  #fewAxes(): Float32Array {
    const { dice } = this
    if (this.#last && dice.chance(0.2)) return this.#last
    this.#last = Float32Array.from({ length: this.dim }, (_, i) => (dice.next() - 0.5) * 0.96 ** i)
    return this.#last
  }

  /** A vector in the bytes in which the table stores it. */
  stored(): Uint8Array {
    return storedBytes(this.type.declared, this.vector())
  }

  /** Mostly a vector; else what is none, or one of another dimension. */
  embedding(): BindValue {
    const { dice } = this
    if (dice.chance(0.88)) return this.stored()
    const bytes = this.stored()
    switch (dice.below(8)) {
      case 0:
        return null
      case 1:
        return new Uint8Array(0)
      case 2:
        return bytes.slice(1)
      case 3:
        return storedBytes(this.type.declared, new Float32Array(this.dim))
      case 4:
        return storedBytes(this.type.declared, this.vector(this.dim + 1))
      case 5:
        return 'text'
      case 6:
        return 7
      default:
        // NaN, as float32 or as float16.
        bytes.set(bytes.length < 4 ? [0, 0x7f].slice(-bytes.length) : [0, 0, 0xc0, 0x7f])
        return bytes
    }
  }

  /** Runs a statement; what other connections or constraints forbid is no failure. */
  run(db: Connection, sql: string, ...params: BindValue[]): void {
    this.log.push(`${this.connections.indexOf(db)}: ${sql} ${shown(params)}`)
    try {
      if (params.length === 0) db.exec(sql)
      else {
        const statement = db.prepare(sql)
        try {
          statement.run(...params)
        } finally {
          statement.finalize()
        }
      }
    } catch (error) {
      if (!isExpected(error)) throw error
      this.log.push(`   ${(error as { code?: string }).code}`)
    }
  }

  /** One dataset, or all, of every connection against brute force. */
  check(all: boolean): void {
    for (const [n, db] of this.connections.entries()) {
      const schemas = n === 0 && this.attached ? ['main', 'other'] : ['main']
      for (const schema of all ? schemas : [this.dice.pick(schemas)]) {
        for (const dataset of all ? DATASETS : [this.dataset()]) this.#checkOne(db, schema, dataset)
      }
    }
  }

  #checkOne(db: Connection, schema: string, dataset: string): void {
    const { dice, metric } = this
    const query = dice.pick(this.queries)
    const limit = dice.pick([1, 2, 5, undefined])
    let problem: string | undefined
    try {
      const question = { schema, table: 'docs', dataset, query, metric }
      problem = wrong(db, question, [limit])
      if (this.#recalls && dataset === 'a') {
        for (const recall of PROMISES) {
          problem ??= this.#recalls.ask(db, { ...question, query: this.vector() }, recall)
        }
      }
    } catch (error) {
      if (!isExpected(error)) throw error
    }
    if (problem === undefined || /SQLITE_BUSY|database is locked/.test(problem)) return
    throw new Error(`connection ${this.connections.indexOf(db)}: ${problem}`)
  }
}

function shown(params: readonly BindValue[]): string {
  return params
    .map(value =>
      ArrayBuffer.isView(value)
        ? `${value.constructor.name}(${(value as Uint8Array).length}) ${String((value as Uint8Array).slice(0, 4))}`
        : JSON.stringify(value),
    )
    .join(', ')
}

/** Locked by another connection, against a constraint, no transaction to end, no table as yet. */
function isExpected(error: unknown): boolean {
  const { code = '', message } = error as { code?: string; message: string }
  return (
    /^SQLITE_(BUSY|LOCKED|CONSTRAINT)/.test(code) ||
    /no such (savepoint|table|column|trigger)|cannot (start|commit|rollback|VACUUM|ATTACH|DETACH)|within a transaction|is locked/i.test(
      message,
    )
  )
}
