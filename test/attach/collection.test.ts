import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attach, type SqliteHandle } from '../../src/entries/attach.ts'
import { open } from '../../src/entries/main.ts'
import { Collection, type CollectionOptions, type Filter } from '../../src/entries/vecutil.ts'
import { embedLetters } from '../collection/letters.ts'
import { Dice } from '../dice.ts'
import { seededTest } from '../seed.ts'
import { DRIVERS, inEveryDriver, newPath } from './handles.ts'

interface Meta {
  lang?: string
  year?: number
  tags?: string[]
}

const OPTIONS: CollectionOptions = {
  table: 'notes',
  dataset: 'me',
  embed: embedLetters(),
  model: 'letters',
}
const DECLARATION = `doc_id, lang TEXT FROM '$.lang', year INTEGER FROM '$.year', text=content`

const notesIn = (db: SqliteHandle, more: Partial<CollectionOptions> = {}): Collection<Meta> =>
  new Collection<Meta>(db, { ...OPTIONS, declaration: DECLARATION, ...more })

const embedLength = async (texts: readonly string[]): Promise<number[][]> =>
  texts.map(text => [text.length, 1])

const WORDS = ['alpha', 'beta', 'gamma', 'delta', 'bread', 'water', 'cab', 'dada', 'cabbage']

/** Random documents: what they hold depends on the dice alone. */
function documents(dice: Dice, count: number): { id: string; content: string; meta: Meta }[] {
  return Array.from({ length: count }, () => ({
    id: `d${dice.below(60)}`,
    content: Array.from({ length: 1 + dice.below(5) }, () => dice.pick(WORDS)).join(' '),
    meta: {
      lang: dice.pick(['en', 'de', 'fr']),
      year: 2000 + dice.below(20),
      tags: [dice.pick(['x', 'y'])],
    },
  }))
}

type Words = (
  notes: Collection<Meta>,
  text: string,
  k: number,
  filter: Filter<Meta>,
) => Promise<unknown[]>

/** The last bits of a score depend on the logarithm of the C library. */
const ranksOfWords: Words = async (notes, text, k, filter) => {
  const pages = [
    await notes.query({ text, k, mode: 'text', filter }),
    await notes.query({ text, k, mode: 'hybrid', filter, groupBy: 'meta.year' }),
  ]
  return pages.map(({ hits }) => hits.map(hit => ({ ...hit, score: hit.score.toPrecision(12) })))
}

/** FTS5 before SQLite 3.54 counts deleted documents in its scores, so only what is found is the same. */
const foundByWords: Words = async (notes, text, _k, filter) => {
  const idsOf = async (mode: 'text' | 'hybrid'): Promise<string[]> => {
    const { hits } = await notes.query({ text, k: 100, mode, filter })
    return hits.map(({ id }) => id).toSorted()
  }
  return [await idsOf('text'), await idsOf('hybrid')]
}

/** Every kind of read, with random arguments. */
async function reads(notes: Collection<Meta>, dice: Dice, words: Words): Promise<unknown[]> {
  const text = `${dice.pick(WORDS)} ${dice.pick(WORDS)}`
  const filter = { lang: dice.pick(['en', 'de']), year: { $gte: 2000 + dice.below(15) } }
  const k = 1 + dice.below(8)
  const page = notes.list({ order: { by: 'year', direction: 'desc' }, limit: k })
  const first = await notes.query({ text, k })
  return [
    notes.count(),
    notes.count({ filter: { tags: { $contains: 'x' } } }),
    notes.get([`d${dice.below(60)}`, 'none'], { include: ['content', 'meta', 'vector'] }),
    page.documents,
    page.cursor === undefined
      ? []
      : notes.list({ order: { by: 'year', direction: 'desc' }, limit: k, cursor: page.cursor })
          .documents,
    notes.facets('lang'),
    notes.facets('meta.tags', { filter }),
    notes.distinct('year'),
    first.hits,
    first.cursor === undefined ? [] : (await notes.query({ text, k, cursor: first.cursor })).hits,
    (await notes.query({ text, k, filter })).hits,
    (await notes.query({ text, k, groupBy: 'lang' })).hits,
    (await notes.query({ text, k, mmr: { lambda: 0.3 } })).hits,
    ...(await words(notes, text, k, filter)),
    (await notes.query({ text, k, rerank: hits => hits.map((_, i) => i) })).hits,
    notes.querySync({ vector: [1, 2, 3], k, minScore: 0.5 }).hits,
  ]
}

/** Random writes and reads; what all reads returned. */
async function history(notes: Collection<Meta>, seed: number, steps: number): Promise<unknown[]> {
  const dice = new Dice(seed)
  const seen: unknown[] = []
  for (let step = 0; step < steps; step++) {
    const kind = dice.below(6)
    if (kind < 3) seen.push(await notes.upsert(documents(dice, 1 + dice.below(12))))
    else if (kind === 3) {
      const id = `d${dice.below(60)}`
      seen.push(await notes.update([{ id, meta: { year: 1990 + dice.below(40) } }]))
    } else if (kind === 4) seen.push(notes.delete({ ids: [`d${dice.below(60)}`] }))
    else seen.push(notes.delete({ filter: { year: 2000 + dice.below(20) } }))
    seen.push(...(await reads(notes, dice, foundByWords)))
  }
  return seen
}

for (const driver of DRIVERS) {
  if (driver.name === 'our engine') continue
  seededTest('COLLECTION_SEED')(
    `a Collection over ${driver.name} returns what it returns in our engine`,
    { skip: driver.skip, timeout: 120_000 },
    async (_t, seed) => {
      const handle = driver.connect(newPath())
      const ours = await open(':memory:')
      try {
        handle.exec('PRAGMA synchronous = OFF')
        using notes = notesIn(handle)
        assert.deepEqual(await history(notes, seed, 10), await history(notesIn(ours), seed, 10))
        const others = [handle, ours].map(db => notesIn(db, { table: 'others' }))
        const [read, expected] = await Promise.all(
          others.map(async collection => {
            const dice = new Dice(seed)
            const given = new Map(documents(dice, 100).map(document => [document.id, document]))
            await collection.upsert([...given.values()])
            const seen: unknown[] = []
            for (let i = 0; i < 10; i++) seen.push(await reads(collection, dice, ranksOfWords))
            return seen
          }),
        )
        assert.deepEqual(read, expected)
        others[0].close()
      } finally {
        handle.close()
        ours.close()
      }
    },
  )
}

inEveryDriver('a Collection', fact => {
  fact(
    'sees what other connections commit, and no longer what is rolled back',
    async (db, path, driver) => {
      using notes = notesIn(db)
      await notes.upsert([{ id: 'a', content: 'aaa' }])
      const nearest = async (text: string): Promise<unknown> =>
        (await notes.query({ text, k: 1 })).hits[0].id
      db.exec('BEGIN')
      await notes.upsert([{ id: 'b', content: 'bbb' }])
      assert.equal(await nearest('bb'), 'b')
      assert.deepEqual((await notes.query({ text: 'bbb', mode: 'text' })).hits.length, 1)
      db.exec('ROLLBACK')
      assert.equal(await nearest('bb'), 'a')
      assert.deepEqual((await notes.query({ text: 'bbb', mode: 'text' })).hits, [])
      const other = driver.connect(path)
      using others = notesIn(other)
      await others.upsert([{ id: 'c', content: 'bbb' }])
      other.close()
      assert.equal(await nearest('bb'), 'c')
      assert.equal((await notes.query({ text: 'bbb', mode: 'text' })).hits[0].id, 'c')
    },
  )

  fact('goes to another model and back', async db => {
    using notes = notesIn(db)
    await notes.upsert(documents(new Dice(1), 50))
    const before = await notes.query({ text: 'abba', k: 5 })
    const { switched } = await notes.migrate({ embed: embedLength, model: 'length', batch: 7 })
    assert.equal(switched, notes.count())
    assert.deepEqual(notes.migration()?.state, 'switched')
    assert.equal(notes.get('d1', { include: ['vector'] })?.vector?.length ?? 2, 2)
    await notes.rollback()
    assert.deepEqual(await notes.query({ text: 'abba', k: 5 }), before)
    assert.equal(notes.discard(), true)
  })

  fact('shares its table with attach() and with our engine', async (db, path) => {
    {
      using notes = notesIn(db)
      await notes.upsert([{ id: 'a', content: 'aaa', meta: { lang: 'en' } }])
      using vectors = attach(db, { table: '_vec_notes' })
      assert.equal(vectors.search({ dataset: 'me', vector: [3, 0, 0], k: 1 })[0].id, 'a')
    }
    const ours = await open(path)
    try {
      ours.exec(`CREATE VIRTUAL TABLE IF NOT EXISTS notes USING vec(${DECLARATION})`)
      const sql =
        "SELECT doc_id, lang FROM notes WHERE dataset_id = 'me' AND notes MATCH vec_text('aaa')"
      assert.deepEqual(ours.prepare(sql).all(), [{ doc_id: 'a', lang: 'en' }])
    } finally {
      ours.close()
    }
    using known = new Collection<Meta>(db, OPTIONS)
    assert.deepEqual(known.distinct('lang'), ['en'])
    assert.deepEqual((await known.query({ text: 'aaa', mode: 'hybrid' })).hits.length, 1)
    assert.throws(() => notesIn(db, { declaration: 'doc_id, lang TEXT' }), {
      code: 'VEC_OPTION',
      message: /is declared as vec\(doc_id, lang TEXT FROM/,
    })
  })

  fact('takes more columns later, and keeps its documents', async db => {
    {
      using notes = notesIn(db, { declaration: 'doc_id' })
      await notes.upsert([{ id: 'a', content: 'aaa', meta: { lang: 'en' } }])
    }
    if ('schemas' in db) return
    using notes = notesIn(db)
    assert.deepEqual(notes.facets('lang'), [{ value: 'en', count: 1 }])
    assert.deepEqual((await notes.query({ text: 'aaa', mode: 'text' })).hits.length, 1)
  })

  fact('is closed once, and the handle stays open', async db => {
    const notes = notesIn(db)
    await notes.upsert([{ id: 'a', content: 'aaa' }])
    notes.close()
    notes.close()
    for (const use of [
      () => notes.count(),
      () => notes.get('a'),
      () => notes.delete({ all: true }),
      () => notes.upsertSync([{ id: 'a', vector: [1, 2, 3] }]),
    ]) {
      assert.throws(use, { code: 'VEC_CLOSED', message: /collection notes is closed/ })
    }
    using again = notesIn(db)
    assert.equal(again.count(), 1)
  })

  fact('can be read in a file that cannot be written', async (db, path, driver) => {
    using notes = notesIn(db)
    await notes.upsert([{ id: 'a', content: 'aaa' }])
    const reader = driver.connect(path, { readonly: true })
    try {
      using read = 'schemas' in reader ? new Collection(reader, OPTIONS) : notesIn(reader)
      for (const mode of ['vector', 'text', 'hybrid'] as const)
        assert.equal((await read.query({ text: 'aaa', mode })).hits[0].id, 'a')
      // libsql opens the file for writing all the same.
      if (driver.name === 'libsql') return
      assert.throws(() => read.delete({ ids: ['a'] }), /readonly|read-only|for reading only/)
    } finally {
      reader.close()
    }
  })

  fact('a table is found in upper and lower case, as in our engine', async db => {
    using notes = notesIn(db)
    await notes.upsert([{ id: 'a', content: 'abc' }])
    using same = notesIn(db, { table: OPTIONS.table.toUpperCase() })
    await same.upsert([{ id: 'b', content: 'bcd' }])
    assert.equal(notes.count(), 2)
    assert.equal((await notes.query({ text: 'abc', k: 5 })).hits.length, 2)
  })

  fact('says what it lacks', async db => {
    assert.throws(() => new Collection(db, OPTIONS).count(), {
      code: 'VEC_SHADOW',
      hint: /give the options of the collection a declaration/,
    })
    assert.throws(() => notesIn(db, { declaration: 'doc_id, lang' }), { code: 'VEC_OPTION' })
    assert.throws(() => notesIn(db, { declaration: 1 as unknown as string }), TypeError)
    if ('schemas' in db) return
    assert.throws(() => notesIn(db, { declaration: 'doc_id, dbpath=x.sqlite' }), {
      code: 'VEC_OPTION',
      message: /in x\.sqlite/,
    })
    using notes = notesIn(db)
    await assert.rejects(notes.queryText('aaa', 1), {
      name: 'TypeError',
      message: /use query\(\{ text, k \}\)/,
    })
  })
})

const take =
  (db: unknown): (() => unknown) =>
  () =>
    new Collection(db as SqliteHandle, OPTIONS)

test('a Collection takes no handle that is closed, asynchronous or not one', async () => {
  assert.throws(take(undefined), /new Collection\(\): db is undefined/)
  assert.throws(take(open(':memory:')), /new Collection\(\): db is a Promise/)
  assert.throws(
    take({ prepare: () => Promise.resolve(), exec: () => Promise.resolve() }),
    /asynchronous driver/,
  )
  const closed = await open(':memory:')
  closed.close()
  assert.throws(take(closed), { code: 'VEC_CLOSED' })
})
