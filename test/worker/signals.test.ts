import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { open } from '../../src/entries/main.ts'
import { Collection, type CollectionOptions } from '../../src/entries/vecutil.ts'
import { AsyncCollection, type AsyncDatabase } from '../../src/entries/worker.ts'
import { COUNT_FOREVER, count, inMemory } from './in-memory.ts'

const never = async (): Promise<never> => new Promise(() => undefined)
const PLACE = { table: 'notes', dataset: 'me', declaration: 'doc_id' }
const vector = [1, 0]
const embed = async (texts: readonly string[]): Promise<number[][]> => texts.map(() => vector)

async function* oneRowThenNone(): AsyncGenerator<[number, number]> {
  yield [1, 1]
  await never()
}

interface Case {
  readonly name: string
  readonly call: (db: AsyncDatabase, signal: AbortSignal) => Promise<unknown>
}

const collection = (db: AsyncDatabase, options: Partial<CollectionOptions>): AsyncCollection =>
  new AsyncCollection(db, { ...PLACE, model: 'm', ...options })

const CALLS: readonly Case[] = [
  { name: 'all', call: async (db, signal) => db.all('SELECT 1', [], { signal }) },
  { name: 'run', call: async (db, signal) => db.run('DELETE FROM t', [], { signal }) },
  { name: 'exec', call: async (db, signal) => db.exec('DELETE FROM t', { signal }) },
  { name: 'batch', call: async (db, signal) => db.batch('DELETE FROM t', [[]], { signal }) },
  { name: 'transaction', call: async (db, signal) => db.transaction(['SELECT 1'], { signal }) },
  { name: 'export', call: async (db, signal) => db.export({ signal }) },
  {
    name: 'search',
    call: async (db, signal) => db.search('notes', { dataset: 'me', vector }, { signal }),
  },
  {
    name: 'insertMany of an array',
    call: async (db, signal) => db.insertMany('t', ['x', 'y'], [[1, 1]], { signal }),
  },
  {
    name: 'insertMany of an asynchronous generator',
    call: async (db, signal) => db.insertMany('t', ['x', 'y'], oneRowThenNone(), { signal }),
  },
  {
    name: 'upsert of texts',
    call: async (db, signal) =>
      collection(db, { embed }).upsert([{ id: 'b', content: 'b' }], { signal }),
  },
  {
    name: 'upsert of vectors',
    call: async (db, signal) => collection(db, {}).upsert([{ id: 'b', vector }], { signal }),
  },
  { name: 'query', call: async (db, signal) => collection(db, {}).query({ vector, signal }) },
  { name: 'get', call: async (db, signal) => collection(db, {}).get('a', { signal }) },
]

/** Calls that wait for a function of the caller, which never answers and ignores the signal. */
const WITH_FUNCTIONS: readonly Case[] = [
  {
    name: 'the rows of insertMany',
    call: async (db, signal) => db.insertMany('t', ['x', 'y'], oneRowThenNone(), { signal }),
  },
  {
    name: 'the embed of upsert',
    call: async (db, signal) =>
      collection(db, { embed: never }).upsert([{ id: 'b', content: 'b' }], { signal }),
  },
  {
    name: 'the embed of query',
    call: async (db, signal) => collection(db, { embed: never }).query({ text: 'a', signal }),
  },
  {
    name: 'the embed of queryMany',
    call: async (db, signal) => collection(db, { embed: never }).queryMany(['a'], { signal }),
  },
  {
    name: 'the embed of migrate',
    call: async (db, signal) => collection(db, {}).migrate({ embed: never, model: 'next', signal }),
  },
  {
    name: 'the rerank of query',
    call: async (db, signal) => collection(db, {}).query({ vector, rerank: never, signal }),
  },
  {
    name: 'the rerank of queryMany',
    call: async (db, signal) => collection(db, {}).queryMany([vector], { rerank: never, signal }),
  },
]

/** Fails, instead of waiting for ever, if the call is not ended by its signal. */
async function endsWith(reason: Error, call: Promise<unknown>): Promise<void> {
  const waited = new AbortController()
  const late = sleep(10_000, 'the call did not end', { signal: waited.signal })
  const ended = call.then(
    () => 'the call was answered',
    (error: unknown) => error,
  )
  assert.equal(await Promise.race([ended, late]), reason)
  waited.abort()
  await late.catch(() => undefined)
}

async function withDocument(task: (db: AsyncDatabase) => Promise<void>): Promise<void> {
  await inMemory(async db => {
    await collection(db, { embed }).upsert([{ id: 'a', content: 'a' }])
    await task(db)
  })
}

describe('a signal ends at once', () => {
  for (const { name, call } of CALLS) {
    test(`${name}, behind a call that runs`, async () => {
      await withDocument(async db => {
        const running = new AbortController()
        const before = db.get(COUNT_FOREVER, [], { signal: running.signal })
        const [stop, reason] = [new AbortController(), new Error('no longer needed')]
        const waiting = call(db, stop.signal)
        setTimeout(() => {
          stop.abort(reason)
        }, 20)
        try {
          await endsWith(reason, waiting)
        } finally {
          running.abort(reason)
        }
        await assert.rejects(before, reason)
        assert.equal(await count(db), 0)
        assert.equal(await collection(db, {}).count(), 1)
      })
    })
  }

  for (const { name, call } of WITH_FUNCTIONS) {
    test(`${name}, which never answers`, async () => {
      await withDocument(async db => {
        const [stop, reason] = [new AbortController(), new Error('no longer needed')]
        const waiting = call(db, stop.signal)
        setTimeout(() => {
          stop.abort(reason)
        }, 100)
        await endsWith(reason, waiting)
        // Nothing of it stays: neither rows that were sent, nor what close() would wait for.
        assert.equal(await count(db), 0)
        assert.equal(await collection(db, {}).count(), 1)
      })
    })
  }

  test('the embed and the rerank of a Collection on this thread', async () => {
    const db = await open(':memory:')
    try {
      await new Collection(db, { ...PLACE, embed, model: 'm' }).upsert([{ id: 'a', content: 'a' }])
      const notes = new Collection(db, { ...PLACE, embed: never, model: 'm' })
      for (const call of [
        async (signal: AbortSignal) => notes.upsert([{ id: 'b', content: 'b' }], { signal }),
        async (signal: AbortSignal) => notes.query({ text: 'a', signal }),
        async (signal: AbortSignal) => notes.queryMany(['a'], { signal }),
        async (signal: AbortSignal) => notes.query({ vector, rerank: never, signal }),
        async (signal: AbortSignal) => notes.queryMany([vector], { rerank: never, signal }),
      ]) {
        const [stop, reason] = [new AbortController(), new Error('no longer needed')]
        const waiting = call(stop.signal)
        setTimeout(() => {
          stop.abort(reason)
        }, 10)
        await endsWith(reason, waiting)
      }
      assert.equal(notes.count(), 1)
    } finally {
      db.close()
    }
  })
})
