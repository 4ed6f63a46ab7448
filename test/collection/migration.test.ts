import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { open, type Connection } from '../../src/entries/main.ts'
import { Collection, type EmbedFunc, type MigrationProgress } from '../../src/entries/vecutil.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'
import { SlowModel } from '../vecutil/slow-model.ts'
import {
  fill,
  NARROW,
  pick,
  PLACES,
  requireWhole,
  WIDE,
  world,
  worldIn,
} from './migration-world.ts'

/** What brute force finds. */
const nearestOf = (db: Connection, letters: string, query: string): string[] => {
  const vector = (text: string) => Array.from(letters, letter => text.split(letter).length - 1)
  const wanted = vector(query)
  const rows = db.prepare("SELECT id, content FROM _vec_docs WHERE dataset_id = 'd'").raw().all()
  return (rows as [string, string][])
    .map(([id, content]) => ({
      id,
      distance: Math.hypot(...vector(content).map((x, i) => x - wanted[i])),
    }))
    .toSorted((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1))
    .slice(0, 10)
    .map(({ id }) => id)
}

const flat: EmbedFunc = async texts => texts.map(() => [1])

for (const place of PLACES) {
  describe(`a migration over ${place.name}`, () => {
    test('the old vectors serve until one moment, then the new ones do, of another dimension', async t => {
      const { db, docs } = await worldIn(t, place)
      await fill(docs, 250)
      const other = new Collection(db, NARROW)
      const progress: MigrationProgress[] = []
      let asked = 0
      let switched = false
      const embed: EmbedFunc = async (texts, options) => {
        asked += texts.length
        if (switched) return WIDE.embed(texts, options)
        const { hits } = await other.query({ text: 'aabbcc' })
        assert.deepEqual(
          hits.map(({ id }) => id),
          nearestOf(db, 'abc', 'aabbcc'),
        )
        return WIDE.embed(texts, options)
      }
      const report = await docs.migrate({
        embed,
        model: 'wide',
        batch: 60,
        onProgress: one => progress.push(one),
      })
      assert.deepEqual(report, { model: 'wide', embedded: 250, switched: 250 })
      assert.equal(asked, 250)
      switched = true
      assert.deepEqual(
        progress.map(({ phase, done, total }) => [phase, done, total]),
        [
          ['embed', 60, 250],
          ['embed', 120, 250],
          ['embed', 180, 250],
          ['embed', 240, 250],
          ['embed', 250, 250],
          ['switch', 250, 250],
        ],
      )
      await requireWhole(db, 'wide')
      const { hits } = await docs.query({ text: 'aabbccdde' })
      assert.deepEqual(
        hits.map(({ id }) => id),
        nearestOf(db, 'abcde', 'aabbccdde'),
      )
      await assert.rejects(other.query({ text: 'a' }), { code: 'VEC_MODEL' })
      await assert.rejects(other.upsert([{ id: 'x', content: 'x' }]), { code: 'VEC_MODEL' })
      await docs.upsert([{ id: 'later', content: 'eee' }])
      await requireWhole(db, 'wide')
      assert.deepEqual(await docs.migrate(), { model: 'wide', embedded: 0, switched: 0 })
    })

    test('a roll-back puts the old vectors back, with those of documents that were written since', async t => {
      const { db, docs } = await worldIn(t, place)
      await fill(docs, 100)
      const before = db
        .prepare('SELECT id, embedding, embedding_model FROM _vec_docs ORDER BY id')
        .all()
      await docs.migrate({ ...pick(WIDE), batch: 30 })
      assert.deepEqual(await docs.migration(), {
        model: 'narrow',
        state: 'switched',
        done: 100,
        total: 100,
      })
      const report = await docs.rollback()
      assert.deepEqual(report, { model: 'narrow', embedded: 0, switched: 100 })
      assert.deepEqual(
        db.prepare('SELECT id, embedding, embedding_model FROM _vec_docs ORDER BY id').all(),
        before,
      )
      assert.equal((await docs.query({ text: 'abc' })).hits.length, 10)
      // And forth again: the vectors are still there.
      const again = await docs.migrate(pick(WIDE))
      assert.deepEqual(again, { model: 'wide', embedded: 0, switched: 100 })
      await docs.upsert([
        { id: 'n1', content: 'dd' },
        { id: 'new', content: 'ab' },
      ])
      await docs.delete({ ids: ['n2'] })
      const elsewhere = new Collection(db, WIDE)
      await assert.rejects(elsewhere.rollback(), {
        code: 'VEC_MODEL',
        hint: /rollback\(\{ embed \}\)/,
      })
      await requireWhole(db, 'wide')
      assert.deepEqual(await docs.rollback(), { model: 'narrow', embedded: 2, switched: 100 })
      await requireWhole(db, 'narrow')
      await assert.rejects(docs.rollback(), { code: 'VEC_MODEL', message: /not been switched/ })
      assert.equal(await docs.discard(), true)
      assert.equal(await docs.discard(), false)
      assert.equal(await docs.migration(), undefined)
      const left =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'vec_migration%'"
      assert.equal(db.prepare(left).pluck().get(), 0)
      assert.equal(db.prepare('SELECT count(*) FROM vec_migration_vectors').pluck().get(), 0)
    })

    test('what any program writes meanwhile is included', async t => {
      const { file, db, docs } = await worldIn(t, place)
      await fill(docs, 60)
      using plain = await open(file, { register: false })
      const narrow = new Collection(db, NARROW)
      let calls = 0
      const embed: EmbedFunc = async (texts, options) => {
        calls++
        if (calls === 2) {
          // Embedded already, being embedded, not yet embedded; by our API and by plain SQL.
          await narrow.upsert([
            { id: 'n0', content: 'changed a' },
            { id: 'new', content: 'new b' },
          ])
          const first = texts[0]
          plain.exec("UPDATE _vec_docs SET content = 'changed c' WHERE id = 'n1'")
          plain.prepare("UPDATE _vec_docs SET content = 'changed d' WHERE content = ?").run(first)
          plain.exec(`INSERT OR REPLACE INTO _vec_docs(dataset_id, id, content, embedding, embedding_model)
            SELECT dataset_id, id, 'changed e', embedding, embedding_model FROM _vec_docs WHERE id = 'n10'`)
          plain.exec("UPDATE _vec_docs SET id = 'moved' WHERE id = 'n11'")
          plain.exec("DELETE FROM _vec_docs WHERE id IN ('n12', 'n59')")
        }
        return WIDE.embed(texts, options)
      }
      const report = await docs.migrate({ embed, model: 'wide', batch: 20 })
      assert.equal(report.switched, 59)
      await requireWhole(db, 'wide')
      const contents = db.prepare("SELECT count(*) FROM _vec_docs WHERE content LIKE 'changed%'")
      assert.ok(Number(contents.pluck().get()) >= 4)
    })

    test('an aborted or failing migration goes on where it was', async t => {
      const { db, docs } = await worldIn(t, place)
      await fill(docs, 100)
      const controller = new AbortController()
      const stop = docs.migrate({
        ...pick(WIDE),
        batch: 10,
        signal: controller.signal,
        onProgress: ({ done }) => done === 30 && controller.abort(),
      })
      await assert.rejects(stop, { name: 'AbortError' })
      await requireWhole(db, 'narrow')
      assert.deepEqual(await docs.migration(), {
        model: 'wide',
        state: 'running',
        done: 30,
        total: 100,
      })
      let calls = 0
      const failing: EmbedFunc = async (texts, options) => {
        if (calls++ === 3) throw new Error('the model server is gone')
        return WIDE.embed(texts, options)
      }
      await assert.rejects(docs.migrate({ embed: failing, model: 'wide', batch: 10 }), /gone/)
      await assert.rejects(docs.migrate({ embed: flat, model: 'wide' }), { code: 'VEC_DIMENSION' })
      await assert.rejects(docs.migrate({ embed: flat, model: 'third' }), {
        code: 'VEC_MODEL',
        message: /'third': a migration to model 'wide' is under way/,
      })
      await requireWhole(db, 'narrow')
      assert.equal((await docs.migrate(pick(WIDE))).embedded, 40)
      await requireWhole(db, 'wide')
      await assert.rejects(docs.migrate({ embed: flat, model: 'third' }), {
        code: 'VEC_MODEL',
        message: /kept for a rollback/,
      })
    })

    test('without its triggers a migration trusts nothing that it has', async t => {
      const { db, docs } = await worldIn(t, place)
      await fill(docs, 40)
      const controller = new AbortController()
      await assert.rejects(
        docs.migrate({
          ...pick(WIDE),
          batch: 10,
          signal: controller.signal,
          onProgress: () => controller.abort(),
        }),
        { name: 'AbortError' },
      )
      db.exec(
        `DROP TRIGGER "vec_migration__vec_docs_updated"; UPDATE _vec_docs SET content = 'changed' WHERE id = 'n0'`,
      )
      assert.equal((await docs.migrate(pick(WIDE))).embedded, 40)
      await requireWhole(db, 'wide')
    })

    test('documents that cannot be embedded again are told, before anything is embedded', async t => {
      const { db, docs } = await worldIn(t, place)
      await fill(docs, 5)
      await docs.upsert([{ id: 'vector', vector: [1, 2, 3] }])
      let calls = 0
      const embed: EmbedFunc = async (texts, options) => {
        calls++
        return WIDE.embed(texts, options)
      }
      const cannot = {
        code: 'VEC_MODEL',
        message: /1 document of dataset 'd' .* without a content/,
      }
      await assert.rejects(docs.migrate({ embed, model: 'wide' }), cannot)
      assert.equal(calls, 0)
      await docs.update([{ id: 'vector', content: 'abc' }])
      await docs.migrate({ embed, model: 'wide' })
      await requireWhole(db, 'wide')
    })

    test('calls that embed while the model changes use the new one', async t => {
      const { db, docs } = await worldIn(t, place)
      await fill(docs, 40)
      const report = docs.migrate({ ...pick(WIDE), batch: 7 })
      const calls = Array.from({ length: 12 }, async (_, i) => {
        await new Promise(resolve => setTimeout(resolve, i))
        await docs.upsert([{ id: `late${i}`, content: 'e'.repeat(i + 1) }])
        const { hits } = await docs.query({ text: 'aabbcc', k: 1 })
        return hits.length + (await docs.queryMany(['aa', 'bb'], { k: 1 })).length
      })
      assert.equal((await report).model, 'wide')
      assert.deepEqual(new Set(await Promise.all(calls)), new Set([3]))
      await docs.upsert([{ id: 'last', content: 'eee' }])
      await requireWhole(db, 'wide')
    })

    test('other datasets and tables stay as they are', async t => {
      const { db, docs } = await worldIn(t, place)
      await fill(docs, 20)
      const other = new Collection(db, { ...NARROW, dataset: 'other' })
      await fill(other, 20)
      await docs.migrate(pick(WIDE))
      assert.equal((await other.query({ text: 'abc' })).hits.length, 10)
      await other.migrate(pick(WIDE))
      await docs.discard()
      assert.deepEqual(await other.rollback(), { model: 'narrow', embedded: 0, switched: 20 })
      await assert.rejects(docs.rollback(), { code: 'VEC_MODEL' })
      db.exec("INSERT INTO docs(docs) VALUES ('integrity-check')")
    })

    test('arguments are checked', async t => {
      const { docs } = await worldIn(t, place)
      for (const [options, message] of [
        [{ embed: 'x' }, /options\.embed is the string/],
        [{ modle: 'x' }, /did you mean 'model'/],
        [{ batch: 0 }, /options\.batch is 0/],
        [{ onProgress: 5 }, /options\.onProgress is 5/],
        [null, /options is null/],
      ] as const) {
        await assert.rejects(docs.migrate(options as never), message)
      }
      await assert.rejects(docs.rollback({ model: 'x' } as never), /unknown option of rollback\(\)/)
      assert.deepEqual(await docs.migrate(pick(WIDE)), { model: 'wide', embedded: 0, switched: 0 })
    })
  })
}

test('a query that was embedded by the old model is not compared with the new vectors', async t => {
  const { db } = await world(t)
  const model = new SlowModel()
  const asked: string[] = []
  const old = { ...NARROW, model: 'old', embed: model.embed }
  const docs = new Collection(db, old)
  docs.upsertSync([
    { id: 'a', content: 'a', vector: [1, 97] },
    { id: 'b', content: 'bb', vector: [2, 98] },
  ])
  const embed: EmbedFunc = async texts => {
    asked.push(...texts)
    return texts.map(text => [-text.length, 0])
  }
  const waiting = docs.query({ text: 'bb', k: 1 })
  const writing = docs.upsert([{ id: 'c', content: 'ccc' }])
  const other = new Collection(db, old).query({ text: 'a' })
  const refused = assert.rejects(other, { code: 'VEC_MODEL' })
  await docs.migrate({ embed, model: 'new' })
  const { waiting: calls } = model
  for (const call of calls.splice(0)) await call.answer()
  assert.deepEqual((await waiting).hits, [
    { id: 'b', score: 1, distance: 0, content: 'bb', meta: null },
  ])
  await refused
  assert.equal(await writing, 1)
  assert.ok(asked.includes('ccc'), 'the write was embedded again by the new model')
  assert.deepEqual(db.prepare('SELECT DISTINCT embedding_model FROM _vec_docs').pluck().all(), [
    'new',
  ])
})

const PROGRAM = fileURLToPath(new URL('migrating-process.js', import.meta.url))

/** Runs the program until `until` says so of a line, then kills it; its lines. */
async function killed(
  file: string,
  pause: number,
  until: (line: string) => boolean,
): Promise<string[]> {
  const child = spawn(process.execPath, [PROGRAM, file, String(pause)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<NodeJS.Signals | null>(resolve =>
    child.once('close', (_, signal) => resolve(signal)),
  )
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (until(line)) process.kill(child.pid!, 'SIGKILL')
  }
  await ended
  return lines
}

test('a process that is killed loses nothing: the next one goes on', async t => {
  const { file, db, docs } = await world(t)
  await fill(docs, 400)
  await killed(file, 30, line => line === 'embed 150')
  await requireWhole(db, 'narrow')
  const status = docs.migration()!
  assert.ok(status.done >= 150 && status.done < 400, String(status.done))
  await docs.upsert([{ id: 'n0', content: 'written between' }])
  const lines = await killed(file, 1, () => false)
  const embedded = Number(lines.at(-1)!.split(' ')[1])
  assert.ok(embedded <= 400 - status.done + 1, lines.at(-1))
  await requireWhole(db, 'wide')
})

const killTest = seededTest('COLLECTION_SEED')
killTest('a kill around the switch leaves the one model or the other', async (t, seed) => {
  const { file, db, docs } = await world(t)
  const next = seeded(seed)
  await fill(docs, 2000)
  for (let round = 0; round < 3; round++) {
    const delay = Math.floor(next() * 150)
    await killed(file, 0, line => {
      if (!line.startsWith('switch')) return false
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delay)
      return true
    })
    const model = db.prepare('SELECT embedding_model FROM _vec_docs LIMIT 1').pluck().get()
    await requireWhole(db, model as 'narrow' | 'wide')
    if (model === 'wide') await new Collection(db, WIDE).rollback()
  }
  await requireWhole(db, 'narrow')
})
