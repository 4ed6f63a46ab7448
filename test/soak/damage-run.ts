import assert from 'node:assert/strict'
import { checksum } from '../../src/accelerators/checksum.ts'
import { open, type Connection } from '../../src/entries/main.ts'
import { indexCache } from '../../src/entries/vec.ts'
import { maintenanceOf } from '../../src/search/persistence/maintenance.ts'
import { bruteForce, type Found, searched } from '../freshness/oracle.ts'
import { seeded } from '../freshness/seeded.ts'
import { startThreads } from '../threads/pool.ts'
import { areClustered, PROMISES, RecallTally } from './clustered.ts'
import { changed, HOSTILE, signed } from './damage-bytes.ts'
import { type Chunk, isJournalUnsound, run, savedChunks, savedHead } from './damage-saved.ts'
import { CLUSTERED, type DamageWorld, FEW_ROWS } from './damage-worlds.ts'

export interface DamageReport {
  readonly mutations: number
  readonly byKind: Record<string, number>
  readonly seconds: number
  /** Milliseconds of processor time of the slowest one. */
  readonly slowest: number
  /** Bytes by which the process grew at most. */
  readonly memory: number
  /** Of worlds with clusters. */
  readonly recalls?: RecallTally['report']
}

const SLOW_MS = 5000
/** With clusters, which are made again: they take a second, and several of them on a machine with much else to do. */
const SLOW_CLUSTERS_MS = 20_000
const MEMORY = 400 * 2 ** 20

/**
 * Damages the saved index and the journal of one table, `count` times, each time from the sound state: the answer must
 * be that of brute force, soon, and without taking memory for what a damaged number claims.
 */
export async function runDamage(
  seed: number,
  count: number,
  progress?: (done: number) => void,
  withClusters = false,
): Promise<DamageReport> {
  const started = performance.now()
  const benches: Bench[] = []
  const recalls = withClusters ? new RecallTally() : undefined
  if (recalls) await startThreads(1)
  for (const world of withClusters ? [CLUSTERED] : FEW_ROWS)
    benches.push(new Bench(await open(':memory:'), seed, world, recalls))
  const byKind: Record<string, number> = {}
  const memory = process.memoryUsage.rss()
  const most = withClusters ? SLOW_CLUSTERS_MS : SLOW_MS
  let slowest = 0
  let grown = 0
  for (let n = 0; n < count; n++) {
    const bench = benches[n % benches.length]
    const before = process.cpuUsage()
    const said = bench.once(n)
    byKind[said] = (byKind[said] ?? 0) + 1
    // Of this process alone: a machine may have other things to do.
    const used = process.cpuUsage(before)
    const ms = (used.user + used.system) / 1000
    slowest = Math.max(slowest, ms)
    assert.ok(ms < most, `mutation ${n} (${said}) took ${ms} ms: DAMAGE_SEED=${seed}`)
    if (n % 100 === 0) {
      // Statements that nobody holds are freed between turns of the event loop.
      await new Promise(resolve => setImmediate(resolve))
      grown = Math.max(grown, process.memoryUsage.rss() - memory)
      assert.ok(
        grown < MEMORY,
        `${grown} more bytes of memory after mutation ${n}: DAMAGE_SEED=${seed}`,
      )
      progress?.(n)
    }
  }
  for (const bench of benches) bench.end()
  recalls?.check()
  const seconds = (performance.now() - started) / 1000
  const report = { mutations: count, byKind, seconds, slowest, memory: grown }
  return recalls ? { ...report, recalls: recalls.report } : report
}

const SET_CHUNK = 'UPDATE vector_storage_chunks SET data = ? WHERE section = ? AND chunk = ?'

class Bench {
  readonly #db: Connection
  readonly #seed: number
  readonly #rows: number
  readonly #recalls: RecallTally | undefined
  readonly #vector: () => Float32Array
  #head!: Uint8Array
  #chunks!: readonly Chunk[]
  readonly #question
  readonly #expected: readonly Found[]
  #random: () => number

  constructor(db: Connection, seed: number, world: DamageWorld, recalls?: RecallTally) {
    const { index, rows } = world
    this.#db = db
    this.#seed = seed
    this.#rows = rows
    this.#recalls = recalls
    this.#random = seeded(seed)
    const vector = (this.#vector = world.vectors(() => this.#random()))
    db.exec(`CREATE VIRTUAL TABLE docs USING vec(doc_id, index=${index})`)
    const insert = db.prepare("INSERT INTO _vec_docs(dataset_id, id, embedding) VALUES ('a', ?, ?)")
    db.transaction(() => {
      for (let n = 0; n < rows; n++)
        insert.run(n % 7 === 0 ? `id ${n} ${'long'.repeat(50)}` : `id ${n}`, vector())
    })()
    this.#question = {
      table: 'docs',
      dataset: 'a',
      query: vector(),
      metric: 'cosine',
      ...(recalls && { recall: 1 }),
    } as const
    this.#expected = bruteForce(db, this.#question).found
    this.#saveSound()
  }

  end(): void {
    this.#db.close()
  }

  /** One mutation, its answer, and the sound state again. */
  once(n: number): string {
    const db = this.#db
    this.#random = seeded((this.#seed + Math.imul(n + 1, 0x9e3779b1)) >>> 0)
    db.exec('SAVEPOINT damage')
    const kind: string = this.#pick([
      'head',
      'head',
      'forged head',
      'forged head',
      'chunk',
      'chunk',
      'forged chunk',
      'rows',
      'journal',
    ])
    try {
      this.#damage(kind)
      db.exec('RELEASE damage')
      this.#forget()
      const right = this.#answersRightly()
      // Wrong vectors under a right checksum are no accident: nobody can tell, but nothing may break.
      assert.ok(
        right || kind === 'forged chunk',
        `mutation ${n} (${kind}): DAMAGE_SEED=${this.#seed}`,
      )
      if (this.#recalls) this.#askNear(n, kind, this.#recalls)
    } finally {
      this.#restore(kind)
    }
    return kind
  }

  /** Saves the sound index, with clusters if this world has them, and keeps what was saved. */
  #saveSound(): void {
    const db = this.#db
    assert.ok(this.#answersRightly())
    if (this.#recalls) this.#makeClusters()
    assert.ok(maintenanceOf(db, 'main', indexCache.attach(db, 'main')).save(0))
    this.#head = savedHead(db)
    this.#chunks = savedChunks(db)
    assert.ok(this.#chunks.length > 5)
    assert.equal(
      this.#chunks.some(({ section }) => section.startsWith('clusters.')),
      this.#recalls !== undefined,
    )
  }

  #answersRightly(): boolean {
    const limit = this.#pick([1, 5, this.#rows - 3, undefined])
    const found = searched(this.#db, { ...this.#question, limit })
    return JSON.stringify(found) === JSON.stringify(this.#expected.slice(0, limit))
  }

  #makeClusters(): void {
    this.#administer('optimize')
    assert.ok(areClustered(this.#db, this.#question))
  }

  #administer(operation: 'optimize' | 'repair'): void {
    const statement = this.#db.prepare('SELECT op FROM vec_admin WHERE op MATCH ?')
    statement.all(`${operation}:docs:a`)
    statement.finalize()
  }

  /** Searches with a promise, once clusters are read or made. */
  #askNear(n: number, kind: string, recalls: RecallTally): void {
    if (isJournalUnsound(this.#db)) {
      assert.equal(kind, 'journal')
      this.#administer('repair')
    }
    this.#makeClusters()
    // What a search finds in clusters under a forged checksum is anything, but nothing may break.
    const tally = kind === 'forged chunk' ? new RecallTally() : recalls
    for (const recall of PROMISES) {
      const question = { ...this.#question, query: this.#vector() }
      const problem = tally.ask(this.#db, question, recall)
      if (kind === 'forged chunk') continue
      assert.equal(problem, undefined, `mutation ${n} (${kind}): DAMAGE_SEED=${this.#seed}`)
    }
  }

  #forget(): void {
    indexCache.forget(this.#db.fileKey('main'), '_vec_docs', 'a')
  }

  #damage(kind: string): void {
    const db = this.#db
    switch (kind) {
      case 'head':
        this.#setHead(this.#mutated(this.#head))
        return
      case 'forged head': {
        // Number after number may lie; the checksum does not tell.
        const head = this.#chance(0.7) ? this.#hostile(this.#head) : this.#mutated(this.#head)
        this.#setHead(signed(head))
        return
      }
      case 'chunk': {
        const { section, chunk, data } = this.#anyChunk()
        run(db, SET_CHUNK, this.#mutated(data), section, chunk)
        return
      }
      case 'forged chunk':
        this.#forgeChunk()
        return
      case 'rows':
        db.exec(
          this.#pick([
            'DELETE FROM vector_storage_chunks WHERE rowid = 1 + abs(random()) % 6',
            'UPDATE vector_storage_chunks SET chunk = -2 WHERE chunk = 0; UPDATE vector_storage_chunks SET chunk = 0 WHERE chunk = 1; UPDATE vector_storage_chunks SET chunk = 1 WHERE chunk = -2',
            "UPDATE OR REPLACE vector_storage_chunks SET section = 'split'",
            'UPDATE vector_storage_chunks SET data = 17',
            "UPDATE vector_storage_chunks SET dataset_id = 'b'",
            'UPDATE OR IGNORE vector_storage_chunks SET chunk = chunk + 1000',
            'UPDATE OR IGNORE vector_storage_chunks SET chunk = chunk + 1 WHERE chunk > 0',
            'DELETE FROM vector_storage_chunks',
            'UPDATE vector_storage SET "index" = zeroblob(2000000)',
            'UPDATE vector_storage SET "index" = NULL',
            `INSERT INTO vector_storage_chunks SELECT shadow_table_name, dataset_id, section, 1 + (SELECT max(chunk) FROM vector_storage_chunks), data FROM vector_storage_chunks WHERE chunk = 0`,
          ]),
        )
        return
      default:
        this.#damageJournal()
    }
  }

  #damageJournal(): void {
    const db = this.#db
    const seq = 1 + this.#below(this.#rows + 3)
    db.exec(
      this.#pick([
        `DELETE FROM vec_journal WHERE seq = ${seq}`,
        `DELETE FROM vec_journal WHERE seq > ${seq}`,
        `DELETE FROM vec_journal WHERE seq < ${seq}`,
        `UPDATE vec_journal SET tag = NULL WHERE seq = ${seq}`,
        `UPDATE vec_journal SET tag = 'text', id = x'00ff' WHERE seq >= ${seq}`,
        `UPDATE vec_journal SET seq = seq + 9007199254740000 WHERE seq = ${seq}`,
        `INSERT INTO vec_journal VALUES (${this.#pick(['9007199254740993', '-5', '1000'])}, 5, '_vec_docs', 'a', 'id 5')`,
        `INSERT INTO vec_journal(tag, shadow_table, dataset_id, id) VALUES (NULL, '_vec_docs', 'a', x'ff00')`,
        `INSERT INTO vec_journal(tag, shadow_table, dataset_id, id) VALUES (1, '_vec_docs', 'a', NULL)`,
        `INSERT INTO vec_journal(tag, shadow_table, dataset_id, id) VALUES (1, '_vec_docs', 'a', 17)`,
        `UPDATE vec_journal_state SET epoch = ${this.#pick(['-1', '9223372036854775807', "'x'", '0.5'])}`,
        `UPDATE vec_journal_state SET pruned_seq = ${this.#pick(['-1', '5', '1000', '9223372036854775807'])}`,
        'DELETE FROM vec_journal_state',
      ]),
    )
  }

  /** Of any section: some have many more chunks than others. */
  #anyChunk(): Chunk {
    if (!this.#recalls) return this.#pick(this.#chunks)
    const chosen = this.#pick([...new Set(this.#chunks.map(({ section }) => section))])
    return this.#pick(this.#chunks.filter(({ section }) => section === chosen))
  }

  /** A chunk that is wrong, and a head that says it is right. */
  #forgeChunk(): void {
    const target = this.#anyChunk()
    const data = this.#chance(0.5) ? this.#hostile(target.data) : this.#mutated(target.data, true)
    const before = Buffer.alloc(8)
    before.writeBigUInt64LE(checksum(target.data))
    const at = Buffer.from(this.#head).indexOf(before)
    assert.ok(at > 0)
    const head = this.#head.slice()
    new DataView(head.buffer).setBigUint64(at, checksum(data), true)
    this.#setHead(signed(head))
    run(this.#db, SET_CHUNK, data, target.section, target.chunk)
  }

  /** Bits flipped, ends cut or grown, parts swapped or overwritten. */
  #mutated(bytes: Uint8Array, sameLength = false): Uint8Array {
    const copy = bytes.slice()
    switch (this.#below(sameLength ? 3 : 5)) {
      case 0:
        for (let n = 1 + this.#below(8); n > 0; n--)
          copy[this.#below(copy.length)] ^= 1 << this.#below(8)
        return copy
      case 1: {
        const length = 1 + this.#below(Math.min(64, copy.length / 2))
        copy.copyWithin(
          this.#below(copy.length - length),
          this.#below(copy.length - length),
          copy.length,
        )
        return changed(copy, bytes)
      }
      case 2:
        copy.fill(this.#pick([0, 255, 1]), this.#below(copy.length), copy.length)
        return changed(copy, bytes)
      case 3:
        return copy.slice(0, this.#below(copy.length))
      default:
        return Buffer.concat([copy, Buffer.alloc(1 + this.#below(40), this.#below(256))])
    }
  }

  /** A number, or some, that claims too much. */
  #hostile(bytes: Uint8Array): Uint8Array {
    const copy = bytes.slice()
    const view = new DataView(copy.buffer)
    for (let n = 1 + this.#below(2); n > 0; n--) {
      const at = 4 * this.#below(Math.max(1, (copy.length - 8) / 4))
      const near = view.getUint32(at, true) + this.#below(5) - 2
      view.setUint32(at, this.#chance(0.4) ? near : this.#pick(HOSTILE), true)
    }
    return changed(copy, bytes)
  }

  #setHead(head: Uint8Array): void {
    run(this.#db, 'UPDATE vector_storage SET "index" = ?', head)
  }

  #restore(kind: string): void {
    const db = this.#db
    if (db.inTransaction) db.exec('ROLLBACK')
    if (kind === 'journal') {
      // Another history begins: what was saved belongs to none.
      db.exec('DELETE FROM vec_journal; DELETE FROM vec_journal_state; DELETE FROM vector_storage')
      db.exec(
        'INSERT INTO vec_journal_state VALUES (1, 1, 0); UPDATE _vec_docs SET archived = 1; UPDATE _vec_docs SET archived = 0',
      )
      this.#forget()
      this.#saveSound()
      return
    }
    db.exec('DELETE FROM vector_storage_chunks; DELETE FROM vector_storage')
    run(db, "INSERT INTO vector_storage VALUES ('main._vec_docs', 'a', ?)", this.#head)
    const put = db.prepare(
      "INSERT INTO vector_storage_chunks VALUES ('main._vec_docs', 'a', ?, ?, ?)",
    )
    for (const { section, chunk, data } of this.#chunks) put.run(section, chunk, data)
    put.finalize()
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n)
  }

  #chance(share: number): boolean {
    return this.#random() < share
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)]
  }
}
