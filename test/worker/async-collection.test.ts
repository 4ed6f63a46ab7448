import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import {
  Collection,
  type CollectionQuery,
  type EmbedFunc,
  type RerankFunc,
} from '../../src/entries/vecutil.ts'
import { AsyncCollection, connect, type AsyncDatabase } from '../../src/entries/worker.ts'
import { refusedLater } from '../refusal.ts'

interface Meta {
  lang: string
  year: number
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
let asked: string[] = []
const embed: EmbedFunc = async (texts, { signal }) => {
  signal?.throwIfAborted()
  asked.push(...texts)
  return texts.map(text => Float32Array.from(LETTERS, letter => text.split(letter).length - 1))
}
const OPTIONS = {
  table: 'notes',
  dataset: 'me',
  declaration: 'doc_id, text=content, stars INTEGER',
  embed,
  model: 'letters',
}
const WORDS = ['bread', 'beard', 'brot', 'zinc', 'a red bear', 'read a bed']
const DOCUMENTS = WORDS.map((content, i) => ({
  id: `d${i}`,
  content,
  meta: { lang: i % 2 === 0 ? 'en' : 'de', year: 2020 + i },
  columns: { stars: i % 3 },
}))

const PLACE = { table: 'notes', dataset: 'me' }

const rerank: RerankFunc<Meta> = hits => hits.map(hit => hit.meta!.year)

async function thrown(): Promise<never> {
  throw new Error('no model')
}

const isThrown = ({ stack }: Error): boolean => stack!.includes('at thrown')

const started = async (path: string): Promise<AsyncDatabase> => {
  const { Worker } = await import('node:worker_threads')
  return connect(':memory:', { worker: () => new Worker(new URL(path, import.meta.url)) })
}

describe('AsyncCollection', () => {
  let folder: string
  let file: Connection
  let client: AsyncDatabase
  let notes: Collection<Meta>
  let remote: AsyncCollection<Meta>
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'async-collection-'))
    file = await open(':memory:')
    client = await connect(join(folder, 'notes.sqlite'), { threads: 2 })
    notes = new Collection<Meta>(file, OPTIONS)
    remote = new AsyncCollection<Meta>(client, OPTIONS)
    assert.equal(await notes.upsert(DOCUMENTS), 6)
    assert.equal(await remote.upsert(DOCUMENTS), 6)
  })
  after(async () => {
    file.close()
    await client.close()
    rmSync(folder, { recursive: true })
  })

  test('each method gives what that of a Collection gives', async () => {
    const filter = { year: { $gte: 2021 } }
    const vector = Float32Array.from(LETTERS, (_, i) => (i < 5 ? 1 : 0))
    const queries: CollectionQuery<Meta>[] = [
      { text: 'bread', k: 3 },
      { vector: [...vector], k: 4, filter, include: ['vector', 'columns'] },
      { text: 'bread bear', mode: 'hybrid', k: 3, filter },
      { text: 'bear', mode: 'text' },
      { vector, k: 2, mmr: { lambda: 0.2 } },
      { vector, k: 3, groupBy: 'meta.lang' },
      { text: 'bread', k: 2, rerank, include: ['content'] },
      { text: 'red', k: 2, rerank: { score: rerank, fetchK: 5 } },
    ]
    for (const query of queries)
      assert.deepEqual(await remote.query(query), await notes.query(query))
    for (const options of [{ k: 2 }, { k: 2, filter, rerank }]) {
      const many = ['bread', vector, 'zinc']
      assert.deepEqual(await remote.queryMany(many, options), await notes.queryMany(many, options))
    }
    assert.deepEqual(await remote.queryMany([]), [])
    assert.deepEqual(await remote.get('d1'), notes.get('d1'))
    assert.equal(await remote.get('unknown'), undefined)
    const include = ['columns', 'vector'] as const
    assert.deepEqual(
      await remote.get(['d1', 'x', 'd0'], { include }),
      notes.get(['d1', 'x', 'd0'], { include }),
    )
    const order = { by: 'meta.year', direction: 'desc' } as const
    assert.deepEqual(await remote.list({ filter, order }), notes.list({ filter, order }))
    assert.equal(await remote.count({ filter }), notes.count({ filter }))
    assert.deepEqual(await remote.facets('meta.lang'), notes.facets('meta.lang'))
    assert.deepEqual(
      await remote.distinct('stars', { limit: 2 }),
      notes.distinct('stars', { limit: 2 }),
    )
  })

  test('pages follow each other', async () => {
    const ids: string[] = []
    let cursor: string | undefined
    do {
      const page = await remote.query({ text: 'bread', k: 2, cursor })
      ids.push(...page.hits.map(({ id }) => id))
      cursor = page.cursor
    } while (cursor !== undefined)
    const { hits } = await remote.query({ text: 'bread', k: 6 })
    assert.deepEqual(
      ids,
      hits.map(({ id }) => id),
    )
  })

  test('only what is new or changed is embedded, and of two calls the later one wins', async () => {
    const other = new AsyncCollection<Meta>(client, { ...OPTIONS, dataset: 'other' })
    asked = []
    assert.equal(await other.upsert(DOCUMENTS.slice(0, 2)), 2)
    assert.equal(await other.upsert(DOCUMENTS.slice(0, 3)), 1)
    assert.equal(
      await other.update([
        { id: 'd0', meta: { year: 1 } },
        { id: 'no', content: 'x' },
      ]),
      1,
    )
    assert.deepEqual(asked, ['bread', 'beard', 'brot'])
    assert.deepEqual((await other.get('d0'))?.meta, { lang: 'en', year: 1 })

    const events = new EventTarget()
    const embedding = once(events, 'embedding')
    const slow = new AsyncCollection<Meta>(client, {
      ...OPTIONS,
      dataset: 'other',
      embed: async (texts, options) => {
        events.dispatchEvent(new Event('embedding'))
        await once(events, 'release')
        return embed(texts, options)
      },
    })
    const first = slow.upsert([{ id: 'd0', content: 'slow', meta: { lang: 'fr', year: 2 } }])
    await embedding
    await other.upsert([{ id: 'd0', content: 'fast' }])
    events.dispatchEvent(new Event('release'))
    await first
    const found = await other.get('d0')
    assert.deepEqual([found?.content, found?.meta], ['fast', { lang: 'fr', year: 2 }])
  })

  test('a failed or aborted embedding writes nothing, and the next call works', async () => {
    const stop = new AbortController()
    const failing = new AsyncCollection(client, {
      ...OPTIONS,
      embed: async () => {
        stop.abort(new Error('enough'))
        throw new Error('no model')
      },
    })
    await assert.rejects(failing.upsert([{ id: 'n', content: 'new' }]), /no model/)
    const { signal } = stop
    await assert.rejects(remote.upsert([{ id: 'n', content: 'new' }], { signal }), /enough/)
    await assert.rejects(remote.query({ text: 'bread', signal }), /enough/)
    await assert.rejects(remote.list({ signal }), /enough/)
    assert.equal(await remote.get('n'), undefined)
    assert.equal(await remote.count(), 6)
  })

  test('close() waits for calls that embed, and refuses later ones', async () => {
    const path = join(folder, 'closing.sqlite')
    const events = new EventTarget()
    const embedding = once(events, 'embedding')
    const released = once(events, 'release')
    const waits: EmbedFunc = async (texts, options) => {
      events.dispatchEvent(new Event('embedding'))
      await released
      return embed(texts, options)
    }
    await using first = await connect(path)
    const slow = new AsyncCollection(first, { ...OPTIONS, embed: waits })
    const writing = slow.upsert(DOCUMENTS)
    const asking = [
      slow.query({ text: 'bread', k: 1 }),
      slow.queryMany(['bread', 'zinc'], { k: 1 }),
    ]
    await embedding
    const closing = first.close()
    await refusedLater(slow.upsert(DOCUMENTS), 'VEC_CLOSED')
    await refusedLater(slow.query({ text: 'bread' }), 'VEC_CLOSED')
    await refusedLater(slow.count(), 'VEC_CLOSED')
    events.dispatchEvent(new Event('release'))
    assert.equal(await writing, 6)
    await Promise.all([...asking, closing])
    await using second = await connect(path)
    assert.equal(await new AsyncCollection(second, OPTIONS).count(), 6)
  })

  test('close() in a function that a call waits for is refused', { timeout: 60_000 }, async () => {
    await using db = await connect(':memory:')
    await db.exec('CREATE TABLE t(x)')
    const refused = async (awaitFirst: boolean): Promise<void> => {
      if (awaitFirst) await db.get('SELECT 1')
      await refusedLater(db.close(), 'SQLITE_MISUSE', 'close()')
      await refusedLater(db[Symbol.asyncDispose](), 'SQLITE_MISUSE', 'waits')
    }
    for (const awaitFirst of [false, true]) {
      let left: Promise<unknown> | undefined
      const closing = new AsyncCollection(db, {
        ...OPTIONS,
        embed: async (texts, options) => {
          await refused(awaitFirst)
          left = new Promise(resolve => setTimeout(resolve, 1)).then(async () => db.get('SELECT 1'))
          return embed(texts, options)
        },
      })
      const content = `bread ${awaitFirst}`
      assert.equal(await closing.upsert([{ id: 'a', content }]), 1)
      await closing.query({ text: 'bread' })
      await closing.queryMany(['bread'], { k: 1 })
      await left
      const rows = async function* (): AsyncGenerator<[number]> {
        yield [1]
        await refused(awaitFirst)
        yield [2]
      }
      assert.equal(await db.insertMany('t', ['x'], rows()), 2)
    }
    // Another database may be closed, and this one by what the function left behind.
    let later: Promise<void> | undefined
    const last = new AsyncCollection(db, {
      ...OPTIONS,
      embed: async (texts, options) => {
        await (await connect(':memory:')).close()
        later = new Promise(resolve => setTimeout(resolve, 100)).then(async () => db.close())
        return embed(texts, options)
      },
    })
    await last.query({ text: 'bread' })
    await later
    assert.equal(db.open, false)
  })

  test('an error of embed keeps its stack', async () => {
    const failing = new AsyncCollection(client, { ...OPTIONS, embed: thrown })
    await assert.rejects(failing.upsert([{ id: 'n', content: 'new' }]), isThrown)
    await assert.rejects(failing.query({ text: 'x' }), isThrown)
  })

  test('a transaction writes all or nothing', async () => {
    const plain = new AsyncCollection<Meta>(client, { table: 'notes', dataset: 'plain' })
    const vector = [1, 0]
    await plain.upsert([
      { id: 'a', vector, meta: { lang: 'en', year: 1 } },
      { id: 'b', vector },
    ])
    const replaced = await plain.transaction([
      ['delete', { filter: { lang: 'en' } }],
      ['upsert', [{ id: 'c', vector }]],
      ['update', [{ id: 'b', content: 'bee' }]],
    ])
    assert.deepEqual(replaced, [1, 1, 1])
    await refusedLater(
      plain.transaction([
        ['delete', { all: true }],
        ['upsert', [{ id: 'd', vector: [1, 2, 3] }, { id: 'e', vector }]], // prettier-ignore
      ]),
      'VEC_DIMENSION',
    )
    const { documents } = await plain.list()
    assert.deepEqual(
      documents.map(({ id }) => id),
      ['b', 'c'],
    )
    assert.equal(await plain.delete({ all: true }), 2)
    await assert.rejects(
      remote.transaction([['upsert', [{ id: 'x', content: 'text' }]]]),
      /has to be embedded/,
    )
    await assert.rejects(plain.transaction([['drop', 1] as never]), /writes\[0\]/)
    await assert.rejects(plain.transaction(1 as never), /writes is 1/)
  })

  test('errors are those of a Collection', async () => {
    await refusedLater(
      new AsyncCollection(client, { ...PLACE, table: 'missing' }).count(),
      'VEC_SHADOW',
    )
    await refusedLater(
      new AsyncCollection(client, { ...PLACE, model: 'another' }).query({ vector: [1] }),
      'VEC_MODEL',
    )
    await refusedLater(
      new AsyncCollection(client, { ...PLACE, declaration: 'doc_id' }).count(),
      'VEC_OPTION',
    )
    await refusedLater(remote.count({ filter: { year: { $near: 1 } } as never }), 'VEC_FILTER')
    await refusedLater(remote.upsert([{ id: 'x', columns: { stras: 1 } }]), 'VEC_OPTION')
    await assert.rejects(
      new AsyncCollection(client, PLACE).query({ text: 'x' }),
      /embed .* is undefined/,
    )
    await assert.rejects(remote.delete({ filter: {} }), /every document passes/)
    await assert.rejects(remote.upsert('x' as never), /documents is the string/)
    await assert.rejects(remote.query({ text: 'x', k: -1 }), /query\.k is -1/)
    assert.throws(() => new AsyncCollection(client, { ...PLACE, tabel: 'x' } as never), /tabel/)
    assert.throws(
      () => new AsyncCollection(file as never, OPTIONS),
      /db is .*: expected the AsyncDatabase of connect\(\)/,
    )
  })

  test('a worker of your own answers it if its file says so', async () => {
    await using without = await started('./own-worker.js')
    const missing = new AsyncCollection(without, OPTIONS)
    await assert.rejects(missing.count(), {
      code: 'VEC_WORKER',
      hint: /serve\(\{ collections \}\)/,
    })
    await using own = await started('./own-collections-worker.js')
    const answered = new AsyncCollection(own, OPTIONS)
    assert.equal(await answered.upsert([{ id: 'a', content: 'bread' }]), 1)
  })
})
