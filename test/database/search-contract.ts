import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { numberOf, run } from '../../src/database/query.ts'
import { Utf8 } from '../../src/entries/engine.ts'
import { indexCache } from '../../src/entries/vec.ts'
import { maintenanceOf } from '../../src/search/persistence/maintenance.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'
import type { Closable, Driver } from './connections.ts'
import { SearchWorld, TABLE } from './search-world.ts'

const folder = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-port-search-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

/** Few rows, which are answered from memory, and so many that they are looked up in the table and saved in the file. */
const SIZES = { small: { rows: 40, dim: 5 }, large: { rows: 3000, dim: 100 } } as const

/** One file and the connections to it. */
class Scene {
  readonly path = join(folder, `${files++}.sqlite`)
  readonly dim: number
  readonly worlds: SearchWorld[] = []
  readonly #driver: Driver
  readonly #random: () => number
  readonly #open: Closable[] = []

  constructor(driver: Driver, dim: number, seed = 1) {
    this.#driver = driver
    this.dim = dim
    this.#random = seeded(seed)
  }

  connect(mode = 'DELETE'): SearchWorld {
    const db = this.#driver.connect(this.path)
    this.#open.push(db)
    db.exec(`PRAGMA journal_mode = ${mode}; PRAGMA synchronous = OFF`)
    const world = new SearchWorld(db)
    this.worlds.push(world)
    return world
  }

  fill(world: SearchWorld, rows: number): void {
    world.db.exec('BEGIN')
    for (let n = 0; n < rows; n++) world.put(n % 10 === 9 ? 'b' : 'a', `d${n}`, this.vector())
    world.db.exec('COMMIT')
  }

  below(n: number): number {
    return Math.floor(this.#random() * n)
  }

  vector(): Float32Array {
    return Float32Array.from({ length: this.dim }, () => this.#random() - 0.5)
  }

  close(): void {
    for (const world of this.worlds) world.dispose()
    for (const db of this.#open) db.close()
  }
}

function check(world: SearchWorld, query: Float32Array, dataset = 'a'): void {
  for (const limit of [1, 10, Infinity, 10]) {
    const found = world.found(dataset, query, limit)
    assert.deepEqual(found, world.expected(dataset, query, limit), `limit ${limit}`)
  }
}

/** That search answers as brute force does, in every state that a driver's database can be in. */
export function searchContract(driver: Driver): void {
  const fact = (name: string, body: (scene: Scene, world: SearchWorld) => void): void => {
    for (const [size, { rows, dim }] of Object.entries(SIZES)) {
      test(`${name} (${size})`, { skip: driver.skip }, () => {
        const scene = new Scene(driver, dim)
        try {
          const world = scene.connect()
          scene.fill(world, rows)
          check(world, scene.vector())
          body(scene, world)
        } finally {
          scene.close()
        }
      })
    }
  }

  const bytesFact: typeof fact = (name, body) => {
    if (!driver.readsOnlyUtf8) fact(name, body)
  }

  describe(`search over ${driver.name}`, () => {
    fact('what this connection writes is in the next answer', (scene, world) => {
      const query = scene.vector()
      world.put('a', 'new', query)
      check(world, query)
      assert.match(world.found('a', query, 1)[0], /^new /)
      world.put('a', 'new', scene.vector())
      check(world, query)
      world.db.exec(`UPDATE ${TABLE} SET id = 'other' WHERE id = 'new'`)
      check(world, query)
      world.db.exec(`UPDATE OR REPLACE ${TABLE} SET id = 'd1' WHERE id = 'other'`)
      check(world, query)
      world.db.exec(`UPDATE ${TABLE} SET archived = 1 WHERE id = 'd2'`)
      check(world, query)
      world.delete('a', 'd1')
      check(world, query)
    })

    fact('a transaction sees its own rows, and takes them back with it', (scene, world) => {
      const query = scene.vector()
      world.db.exec('BEGIN')
      check(world, query)
      world.put('a', 'mine', query)
      check(world, query)
      world.db.exec('SAVEPOINT s')
      world.delete('a', 'mine')
      check(world, query)
      world.db.exec('ROLLBACK TO s')
      check(world, query)
      assert.match(world.found('a', query, 1)[0], /^mine /)
      world.db.exec('ROLLBACK')
      check(world, query)
      world.db.exec('BEGIN')
      world.put('a', 'kept', query)
      world.db.exec('COMMIT')
      check(world, query)
      assert.match(world.found('a', query, 1)[0], /^kept /)
    })

    fact('an index that a transaction built goes with it', (scene, world) => {
      const query = scene.vector()
      world.db.exec('BEGIN')
      world.put('c', 'first', query)
      check(world, query, 'c')
      world.db.exec('ROLLBACK')
      check(world, query, 'c')
      assert.deepEqual(world.found('c', query, 5), [])
    })

    for (const mode of ['DELETE', 'WAL']) {
      fact(`what another connection commits is in the next answer (${mode})`, (scene, world) => {
        world.db.exec(`PRAGMA journal_mode = ${mode}`)
        const other = scene.connect(mode)
        const query = scene.vector()
        check(other, query)
        other.put('a', 'theirs', query)
        check(world, query)
        world.delete('a', 'theirs')
        check(other, query)
        check(world, query)
      })
    }

    fact('in a WAL a transaction goes on to see what it began with', (scene, world) => {
      world.db.exec('PRAGMA journal_mode = WAL')
      const other = scene.connect('WAL')
      const query = scene.vector()
      check(world, query)
      world.db.exec('BEGIN')
      check(world, query)
      other.put('a', 'later', query)
      check(other, query)
      check(world, query)
      assert.doesNotMatch(world.found('a', query, 1)[0], /^later /)
      check(other, query)
      world.db.exec('COMMIT')
      check(world, query)
      assert.match(world.found('a', query, 1)[0], /^later /)
    })

    fact('triggers that were dropped are made again, and nothing is missed', (scene, world) => {
      const query = scene.vector()
      world.db.exec(`DROP TRIGGER vec_journal_${TABLE}_inserted`)
      world.put('a', 'unseen', query)
      check(world, query)
      check(world, query)
      assert.equal(
        numberOf(
          world.db,
          `SELECT count(*) FROM sqlite_schema WHERE name = 'vec_journal_${TABLE}_inserted'`,
        ),
        1,
      )
    })

    fact('a schema that is rolled back is forgotten', (scene, world) => {
      const query = scene.vector()
      world.db.exec(`BEGIN; ALTER TABLE ${TABLE} DROP COLUMN content`)
      check(world, query)
      world.db.exec(`ROLLBACK; ALTER TABLE ${TABLE} ADD COLUMN extra`)
      check(world, query)
      world.put('a', 'after', query)
      check(world, query)
    })

    fact('a saved index is loaded, and catches up', (scene, world) => {
      const query = scene.vector()
      const file = indexCache.attach(world.db, 'main')
      assert.equal(maintenanceOf(world.db, 'main', file).saveNow(), true)
      scene.close()
      scene.worlds.length = 0
      const again = scene.connect()
      check(again, query)
      again.put('a', 'new', query)
      check(again, query)
      assert.match(again.found('a', query, 1)[0], /^new /)
    })

    bytesFact('an id that is not UTF-8 is found by its bytes', (scene, world) => {
      const query = scene.vector()
      const id = Uint8Array.of(97, 255, 98)
      const sql = `INSERT INTO ${TABLE}(dataset_id, id, embedding) VALUES ('a', ?, ?)`
      run(world.db, sql, new Utf8(id), query)
      check(world, query)
      assert.equal(world.found('a', query, 1)[0].startsWith('a\xffb '), true)
      run(world.db, `DELETE FROM ${TABLE} WHERE id = ?`, new Utf8(id))
      check(world, query)
    })

    fact('the last rowid and the patience of the program are left alone', (scene, world) => {
      if (!world.db.unnoticed) return
      world.db.exec(`PRAGMA busy_timeout = 77; DROP TRIGGER vec_journal_${TABLE}_deleted`)
      const last = numberOf(world.db, 'SELECT last_insert_rowid()')
      check(world, scene.vector())
      assert.equal(numberOf(world.db, 'SELECT last_insert_rowid()'), last)
      assert.equal(numberOf(world.db, 'PRAGMA busy_timeout'), 77)
    })

    for (const mode of ['DELETE', 'WAL'] as const) {
      seededTest('STORE_SEED')(
        `random writes of two connections are answered as brute force answers (${mode})`,
        { skip: driver.skip },
        (_t, seed) => {
          const scene = new Scene(driver, 4, seed)
          try {
            randomSteps(scene, mode, Number(process.env['PORT_STEPS'] ?? 600))
          } finally {
            scene.close()
          }
        },
      )
    }
  })
}

/** Each step is one statement of one connection, which may be refused as busy, and one answer of each. */
function randomSteps(scene: Scene, mode: string, steps: number): void {
  scene.connect(mode)
  scene.connect(mode)
  scene.fill(scene.worlds[0], 30)
  for (let step = 0; step < steps; step++) {
    const world = scene.worlds[scene.below(2)]
    const { db } = world
    const id = `d${scene.below(40)}`
    const dataset = scene.below(4) === 0 ? 'b' : 'a'
    const actions: readonly (() => unknown)[] = [
      () => world.put(dataset, id, scene.vector()),
      () => world.put(dataset, id, scene.vector()),
      () => world.put(dataset, id, null),
      () => world.delete(dataset, id),
      () => db.exec(`UPDATE OR REPLACE ${TABLE} SET id = 'd${scene.below(40)}' WHERE id = '${id}'`),
      () => db.exec(db.inTransaction ? 'COMMIT' : 'BEGIN'),
      () => db.exec(db.inTransaction ? 'ROLLBACK' : 'BEGIN IMMEDIATE'),
      () => db.exec('SAVEPOINT s'),
      () => db.exec('ROLLBACK TO s'),
      () => maintenanceOf(db, 'main', indexCache.attach(db, 'main')).save(0),
    ]
    try {
      actions[scene.below(actions.length)]()
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      const refused =
        (code ?? '').startsWith('SQLITE_BUSY') || message.includes('no such savepoint')
      if (!refused) throw error
    }
    const query = scene.vector()
    for (const each of scene.worlds) {
      let expected: string[]
      try {
        expected = each.expected(dataset, query, 5)
      } catch (error) {
        // The other connection is committing, or about to.
        assert.match(String((error as { code?: unknown }).code), /^SQLITE_BUSY/)
        continue
      }
      assert.deepEqual(each.found(dataset, query, 5), expected, `step ${step}`)
    }
  }
}
