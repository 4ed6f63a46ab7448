// Saving a large index: other connections write between the steps, and no reader sees a part of it.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { open, type Connection } from '../../src/entries/main.ts'
import { DatasetIndex } from '../../src/search/memory/dataset-index.ts'
import { type IndexSave, saveStep } from '../../src/search/persistence/index-save.ts'
import { IndexStore } from '../../src/search/persistence/index-store.ts'
import { BLOCK_BYTES } from '../../src/search/persistence/manifest.ts'
import { wrong } from '../freshness/oracle.ts'
import { seeded } from '../freshness/seeded.ts'
import { blob, bytes, specOf, text } from '../unit/search/table-world.ts'

const SPEC = specOf('index=brute', 'metric=euclidean')
const DIM = 64
const ROWS = 6000
const TABLE = '_vec_docs'

const vector = (i: number): number[] => {
  const random = seeded(i + 1)
  return Array.from({ length: DIM }, () => random() - 0.5)
}

const { bytes: usual } = saveStep
beforeEach(() => (saveStep.bytes = BLOCK_BYTES))
afterEach(() => (saveStep.bytes = usual))

/** A file with a table, and two connections to it. */
class World {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'sqlite-vec-ts-steps-'))
  readonly path: string = join(this.folder, 'docs.sqlite')
  db!: Connection
  other!: Connection

  static async make(): Promise<World> {
    const world = new World()
    world.db = await open(world.path)
    world.db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, index=brute, metric=euclidean)')
    world.db.exec('CREATE TABLE notes(n)')
    world.other = await open(world.path, { busyTimeout: 0 })
    return world
  }

  get store(): IndexStore {
    return new IndexStore(this.db, 'main')
  }

  /** What the other connection takes for the saved index. */
  loaded(): DatasetIndex | undefined {
    return new IndexStore(this.other, 'main').load(TABLE, 'd', SPEC)
  }

  [Symbol.dispose](): void {
    this.other.close()
    this.db.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function filled(rows = ROWS): DatasetIndex {
  const made = new DatasetIndex(SPEC, { epoch: 3, seq: 40, tag: -5n }, rows)
  for (let i = 0; i < rows; i++) made.add(bytes(`doc ${i}`), blob(...vector(i)))
  made.flush()
  return made
}

const nearest = ({ index, ids }: DatasetIndex, i: number): string =>
  text(ids.idAt(index!.search({ query: Float32Array.from(vector(i)), k: 1 }).positions[0]))

/** Runs a save to its end. Returns the number of its steps. */
function finish(save: IndexSave, between?: (step: number) => void): number {
  for (let step = 1; ; step++) {
    const progress = save.step()
    if (progress !== 'more') {
      assert.equal(progress, 'done')
      return step
    }
    between?.(step)
  }
}

test('between the steps of a save others write, and find no saved index until the last step', async () => {
  using world = await World.make()
  const made = filled()
  const write = world.other.prepare('INSERT INTO notes VALUES (?)')
  const steps = finish(world.store.begin(TABLE, 'd', made), step => {
    write.run(step)
    assert.equal(world.loaded(), undefined, `after step ${step}`)
  })
  assert.ok(steps > 5, `${steps} steps`)
  const loaded = world.loaded()!
  assert.equal(loaded.count, ROWS)
  for (const i of [0, 17, ROWS - 1]) assert.equal(nearest(loaded, i), `doc ${i}`)
  loaded.dispose()
  made.dispose()
})

test('no step of a save writes more than twice as much as one before it', async () => {
  using world = await World.make()
  saveStep.bytes = usual
  const made = filled(60_000)
  const written = world.other
    .prepare('SELECT coalesce(sum(length(data)), 0) FROM vector_storage_chunks')
    .pluck()
  const parts: number[] = []
  let before = 0
  const note = (): void => {
    const now = Number(written.get())
    parts.push(now - before)
    before = now
  }
  finish(world.store.begin(TABLE, 'd', made), note)
  note()
  assert.ok(before > 4e6, `${before} bytes`)
  // The first step knows nothing of the disk. A step ends with a whole block.
  let most = 2 ** 20
  for (const part of parts) {
    assert.ok(part <= 2 * most + BLOCK_BYTES, parts.join(' '))
    most = Math.max(most, part)
  }
  made.dispose()
})

// So many pages that no commit moves them. Without a number, the application chooses when they are moved.
for (const [pages, moves] of [
  [1_000_000, true],
  [0, false],
] as const)
  test(`a save in WAL mode ${moves ? 'moves each step from the log into the file' : 'leaves its steps in the log where wal_autocheckpoint is off'}`, async () => {
    using world = await World.make()
    const { db, other } = world
    for (const each of [db, other]) {
      each.pragma('journal_mode = WAL')
      each.pragma(`wal_autocheckpoint = ${pages}`)
    }
    const insert = db.prepare('INSERT INTO docs(dataset_id, doc_id, embedding) VALUES (?, ?, ?)')
    db.transaction(() => {
      for (let i = 0; i < ROWS; i++) insert.run('d', `doc ${i}`, blob(...vector(i)))
    })()
    other.pragma('wal_checkpoint(TRUNCATE)')
    const query = Float32Array.from(vector(17))
    assert.equal(
      wrong(db, { table: 'docs', dataset: 'd', query, metric: 'euclidean' }, [10]),
      undefined,
    )
    let longest = 0
    while (!new IndexStore(other, 'main').manifest(TABLE, 'd')) {
      longest = Math.max(longest, statSync(`${world.path}-wal`).size)
      await sleep(5)
    }
    const all = other.prepare('SELECT sum(length(data)) FROM vector_storage_chunks').pluck().get()
    assert.ok(longest > 0)
    assert.equal(longest < Number(all), moves, `${longest} of ${String(all)} bytes`)
  })

test('a save of few blocks is one step, and never hides the saved index', async () => {
  using world = await World.make()
  const made = filled()
  finish(world.store.begin(TABLE, 'd', made))
  made.noteSaved()
  saveStep.bytes = usual
  made.remove(bytes('doc 7'))
  assert.equal(finish(world.store.begin(TABLE, 'd', made)), 1)
  const loaded = world.loaded()!
  assert.equal(loaded.count, ROWS - 1)
  loaded.dispose()
  made.dispose()
})

test('an index that changes between the steps is saved as it is in the end', async () => {
  using world = await World.make()
  const made = filled()
  let changed = 0
  finish(world.store.begin(TABLE, 'd', made), step => {
    // In the first pass and in the second one.
    if (step % 5 !== 0 || changed >= 12) return
    for (const i of [changed, ROWS - 1 - changed]) made.remove(bytes(`doc ${i}`))
    made.add(bytes(`new ${changed}`), blob(...vector(ROWS + 10 * changed)))
    made.flush()
    changed++
  })
  assert.ok(changed > 1, `${changed} changes`)
  const loaded = world.loaded()!
  assert.equal(loaded.count, ROWS - changed)
  for (let i = 0; i < changed; i++) {
    assert.equal(nearest(loaded, ROWS + 10 * i), `new ${i}`)
    assert.notEqual(nearest(loaded, i), `doc ${i}`)
  }
  loaded.dispose()
  made.dispose()
})

test('an index that changes before every step is saved at last', async () => {
  using world = await World.make()
  const made = filled()
  let i = 0
  const steps = finish(world.store.begin(TABLE, 'd', made), () => {
    if (i < 500) made.remove(bytes(`doc ${i++}`))
  })
  assert.ok(steps < 100, `${steps} steps`)
  const loaded = world.loaded()!
  assert.equal(loaded.count, ROWS - i)
  loaded.dispose()
  made.dispose()
})

test('a busy file repeats the step', async () => {
  using world = await World.make()
  world.db.pragma('busy_timeout = 0')
  const made = filled()
  const save = world.store.begin(TABLE, 'd', made)
  save.step()
  for (let i = 0; i < 3; i++) {
    world.other.exec('BEGIN IMMEDIATE')
    assert.throws(() => save.step(), { code: 'SQLITE_BUSY' })
    world.other.exec('COMMIT')
    save.step()
  }
  finish(save)
  const loaded = world.loaded()!
  assert.equal(loaded.count, ROWS)
  loaded.dispose()
  made.dispose()
})

test('an index that changes while the file is busy is saved as it is in the end', async () => {
  using world = await World.make()
  world.db.exec('PRAGMA busy_timeout = 0; PRAGMA synchronous = OFF')
  // Each of these steps in turn finds the file busy, the last one of each pass among them.
  for (let busy = 2, more = true; more; busy++) {
    const made = filled(2000)
    const save = world.store.begin(TABLE, 'd', made)
    let step = 1
    for (let removed = 0, progress = ''; progress !== 'done'; step++) {
      if (step === busy) {
        world.other.exec('BEGIN IMMEDIATE')
        assert.throws(() => save.step(), { code: 'SQLITE_BUSY' }, `step ${busy}`)
        world.other.exec('COMMIT')
      }
      progress = save.step()
      // After the first pass has written the first rows, and after the second one.
      if (step === 3 || step === 7) made.remove(bytes(`doc ${removed++}`))
    }
    more = step > busy
    const loaded = world.loaded()
    assert.ok(loaded, `step ${busy} was repeated`)
    assert.equal(loaded.count, made.count, `step ${busy} was repeated`)
    for (const i of [0, 1]) {
      const found = nearest(loaded, i)
      assert.equal(found, nearest(made, i), `step ${busy} was repeated`)
    }
    loaded.dispose()
    made.dispose()
    world.store.drop(TABLE)
  }
})

test('a step that fails in the middle is repeated whole', async () => {
  using world = await World.make()
  saveStep.bytes = 4 * BLOCK_BYTES
  const made = filled()
  const save = world.store.begin(TABLE, 'd', made)
  save.step()
  world.db
    .exec(`CREATE TEMP TRIGGER full BEFORE INSERT ON main.vector_storage_chunks WHEN NEW.chunk = 5
    BEGIN SELECT RAISE(ABORT, 'no space'); END`)
  assert.throws(() => save.step(), /no space/)
  world.db.exec('DROP TRIGGER full')
  finish(save)
  const loaded = world.loaded()!
  assert.equal(loaded.count, ROWS)
  for (let i = 0; i < ROWS; i += 97) assert.equal(nearest(loaded, i), `doc ${i}`)
  loaded.dispose()
  made.dispose()
})

test('a save that another one overtakes ends, and the other one counts', async () => {
  using world = await World.make()
  const made = filled()
  const late = world.store.begin(TABLE, 'd', made)
  for (let step = 0; step < 4; step++) assert.equal(late.step(), 'more')
  const fewer = filled(4000)
  new IndexStore(world.other, 'main').save(TABLE, 'd', fewer)
  const blocks = (): unknown[] => world.other.prepare('SELECT * FROM vector_storage_chunks').all()
  const before = blocks()
  assert.equal(late.step(), 'superseded')
  assert.deepEqual(blocks(), before)
  const loaded = world.loaded()!
  assert.equal(loaded.count, 4000)
  for (const each of [loaded, fewer, made]) each.dispose()
})

test('what a broken save leaves is replaced by the next one, a smaller one', async () => {
  using world = await World.make()
  const made = filled()
  const broken = world.store.begin(TABLE, 'd', made)
  for (let step = 0; step < 8; step++) broken.step()
  const fewer = filled(2000)
  finish(world.store.begin(TABLE, 'd', fewer))
  const blocks = world.db
    .prepare(
      'SELECT section, count(*) FROM vector_storage_chunks GROUP BY section ORDER BY section',
    )
    .raw()
    .all()
  const known = world.store.manifest(TABLE, 'd')!.sections
  assert.deepEqual(
    blocks,
    known
      .map(({ name, checksums }) => [name, checksums.length])
      .filter(([, count]) => Number(count) > 0)
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  )
  const loaded = world.loaded()!
  assert.equal(loaded.count, 2000)
  for (const each of [loaded, fewer, made]) each.dispose()
})

test('while a save is incomplete the journal behind it stays, and check names it', async () => {
  using world = await World.make()
  const { db } = world
  db.exec(`INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('d', 'x', '[1, 0]')`)
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO vec_journal(seq, tag, shadow_table, dataset_id, id) SELECT i, random(), '${TABLE}', 'd', i FROM n`)
  const made = filled()
  made.logPosition = { epoch: 3, seq: 3000, tag: 1n }
  world.store.begin(TABLE, 'd', made).step()
  assert.equal(world.store.prunable(5000), 2999)
  const found = db.prepare(`SELECT op FROM vec_admin WHERE op MATCH 'check:docs:'`).pluck().all()
  assert.match(found.join('\n'), /the index is being saved/)
  made.dispose()
})

test('an idle connection saves in steps, closing saves the rest, and answers are right', async () => {
  using world = await World.make()
  const { db, other } = world
  const insert = db.prepare('INSERT INTO docs(dataset_id, doc_id, embedding) VALUES (?, ?, ?)')
  db.transaction(() => {
    for (let i = 0; i < ROWS; i++) insert.run('d', `doc ${i}`, blob(...vector(i)))
  })()
  const query = Float32Array.from(vector(17))
  const oracle = { table: 'docs', dataset: 'd', query, metric: 'euclidean' } as const
  assert.equal(wrong(db, oracle, [10]), undefined)
  const saved = (): number =>
    other.prepare('SELECT count(*) FROM vector_storage_chunks').pluck().get() as number
  while (saved() === 0) await sleep(5)
  const some = saved()
  other.exec('INSERT INTO notes VALUES (1)')
  await sleep(60)
  assert.ok(saved() > some, 'one step after the other')
  db.close()
  assert.equal(wrong(other, oracle, [10]), undefined)
  const loaded = world.loaded()!
  assert.equal(loaded.count, ROWS)
  loaded.dispose()
})
