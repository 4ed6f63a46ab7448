import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { encodeEmbedding, open, type Connection } from '../src/entries/main.ts'
import { position, type Replicator, type Upstream } from '../src/entries/vecsync.ts'
import type { Collection } from '../src/entries/vecutil.ts'
import type { AsyncDatabase } from '../src/entries/worker.ts'

function hasNative(): boolean {
  try {
    const Native = createRequire(import.meta.url)('better-sqlite3') as new (path: string) => {
      close(): void
    }
    new Native(':memory:').close()
    return true
  } catch {
    return false
  }
}

const example = async <T>(name: string): Promise<T> =>
  (await import(pathToFileURL(resolve('examples', name)).href)) as T

describe('examples/', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'examples-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  test('express-route.mjs stores notes, finds them, and answers a bad request with 400', async () => {
    const { createApp } = await example<{
      createApp: (path: string) => Promise<{
        app: { listen(port: number, host: string, ready: () => void): Server }
        db: Connection
      }>
    }>('express-route.mjs')
    const { app, db } = await createApp(join(folder, 'notes.sqlite'))
    const server = await new Promise<Server>(ready => {
      const listening = app.listen(0, '127.0.0.1', () => ready(listening))
    })
    try {
      const { port } = server.address() as AddressInfo
      const url = `http://127.0.0.1:${port}`
      const stored = await fetch(`${url}/notes`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify([
          { id: 'fruit', content: 'apples are red' },
          { id: 'sky', content: 'the sky is blue' },
        ]),
      })
      assert.deepEqual(await stored.json(), { embedded: 2 })
      const found = await fetch(`${url}/search?q=red+apples&limit=1`)
      const hits = (await found.json()) as { id: string }[]
      assert.deepEqual(
        hits.map(({ id }) => id),
        ['fruit'],
      )
      const refused = await fetch(`${url}/search?limit=1`)
      assert.equal(refused.status, 400)
    } finally {
      server.close()
      server.closeAllConnections()
      db.close()
    }
  })

  test('express-drizzle/server.mjs finds what Drizzle has written, and nothing that is deleted', async t => {
    if (!hasNative()) return t.skip('better-sqlite3 cannot be loaded')
    const { createApp } = await example<{
      createApp: (path: string) => {
        app: { listen(port: number, host: string, ready: () => void): Server }
        db: { $client: { close(): void } }
        vectors: { close(): void }
      }
    }>('express-drizzle/server.mjs')
    const { app, db, vectors } = createApp(join(folder, 'documents.sqlite'))
    const server = await new Promise<Server>(ready => {
      const listening = app.listen(0, '127.0.0.1', () => ready(listening))
    })
    try {
      const { port } = server.address() as AddressInfo
      const url = `http://127.0.0.1:${port}`
      for (const title of ['apples are red', 'the sky is blue']) {
        const stored = await fetch(`${url}/documents`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ title }),
        })
        assert.equal(typeof ((await stored.json()) as { id: unknown }).id, 'number')
      }
      const search = async (): Promise<unknown[]> => {
        const hits = (await (await fetch(`${url}/search?q=red+apples`)).json()) as {
          id: number
          title: string
        }[]
        return hits.map(({ id, title }) => [id, title])
      }
      assert.deepEqual(await search(), [
        [1, 'apples are red'],
        [2, 'the sky is blue'],
      ])
      await fetch(`${url}/documents/1`, { method: 'DELETE' })
      assert.deepEqual(await search(), [[2, 'the sky is blue']])
    } finally {
      server.close()
      server.closeAllConnections()
      vectors.close()
      db.$client.close()
    }
  })

  test('drop-in/guestbook.mjs writes all or none, without a native addon', async () => {
    const { Guestbook } = await example<{
      Guestbook: new (path: string) => {
        write(texts: readonly string[]): number
        read(): string[]
        close(): void
      }
    }>('drop-in/guestbook.mjs')
    const path = join(folder, 'guestbook.sqlite')
    const book = new Guestbook(path)
    assert.equal(book.write(['Hello', 'from Anna']), 2)
    assert.throws(() => book.write(['new', 'Hello']), { code: 'SQLITE_CONSTRAINT_UNIQUE' })
    book.close()
    const again = new Guestbook(path)
    assert.deepEqual(again.read(), ['from Anna', 'Hello'])
    again.close()
  })

  test('markdown-rag.mjs puts the sections that fit a question into a prompt', async () => {
    const { indexFolder, promptFor } = await example<{
      indexFolder: (db: Connection, folder: string) => Promise<Collection>
      promptFor: (pages: Collection, question: string, sections?: number) => Promise<string>
    }>('markdown-rag.mjs')
    const page = '# Bread\nMix flour with water.\n\n# Jam\nBoil fruit with sugar.\n'
    writeFileSync(join(folder, 'kitchen.md'), page)
    const db = await open(':memory:')
    const prompt = await promptFor(await indexFolder(db, folder), 'How do I boil fruit?', 1)
    assert.match(prompt, /\[kitchen\.md#1\]\n(# Jam\n)?Boil fruit with sugar\./)
    assert.doesNotMatch(prompt, /flour/)
    assert.match(prompt, /Question: How do I boil fruit\?$/)
    db.close()
  })

  test('langchain-notes.mjs finds what a page says, and embeds only what has changed', async () => {
    const { indexNotes } = await example<{
      indexNotes: (
        db: Connection,
        folder: string,
      ) => Promise<{
        store: { similaritySearch(query: string, k: number): Promise<{ pageContent: string }[]> }
        report: object
      }>
    }>('langchain-notes.mjs')
    const pages = join(folder, 'pages')
    mkdirSync(pages)
    const write = (name: string, text: string): void => writeFileSync(join(pages, name), text)
    write('bread.md', '# Bread\nMix flour with water.\n')
    write('jam.md', '# Jam\nBoil fruit with sugar.\n')
    // From the module that the example has its classes from.
    const { open: openPackage } = await import('sqlite-vec-ts')
    const db = await openPackage(':memory:')
    const first = await indexNotes(db, pages)
    assert.deepEqual(first.report, { numAdded: 2, numDeleted: 0, numUpdated: 0, numSkipped: 0 })
    const [found] = await first.store.similaritySearch('How do I boil fruit?', 1)
    assert.match(found.pageContent, /Boil fruit/)
    write('bread.md', '# Bread\nMix flour with milk.\n')
    const second = await indexNotes(db, pages)
    assert.deepEqual(second.report, { numAdded: 1, numDeleted: 1, numUpdated: 0, numSkipped: 1 })
    db.close()
  })

  test('mastra-pages.mjs finds what a page says, and replaces the chunks of a page', async () => {
    interface Store {
      describeIndex(params: { indexName: string }): Promise<{ count: number }>
    }
    const { indexPages, ask } = await example<{
      indexPages: (db: Connection, folder: string) => Promise<Store>
      ask: (store: Store, question: string) => Promise<{ document: string; metadata: object }[]>
    }>('mastra-pages.mjs')
    const pages = join(folder, 'mastra')
    mkdirSync(pages)
    writeFileSync(join(pages, 'bread.md'), '# Bread\nMix flour with water.\n')
    writeFileSync(join(pages, 'jam.md'), '# Jam\nBoil fruit with sugar.\n')
    // From the module that the example has its classes from.
    const { open: openPackage } = await import('sqlite-vec-ts')
    const db = await openPackage(':memory:')
    const [found] = await ask(await indexPages(db, pages), 'How do I boil fruit?')
    assert.match(found.document, /Boil fruit/)
    assert.deepEqual(found.metadata, { source: 'jam.md', text: found.document, headings: ['Jam'] })
    writeFileSync(join(pages, 'jam.md'), '# Jam\nBoil berries with honey.\n')
    const store = await indexPages(db, pages)
    assert.equal((await store.describeIndex({ indexName: 'pages' })).count, 2)
    const [changed] = await ask(store, 'How do I boil fruit?')
    assert.match(changed.document, /Boil berries/)
    db.close()
  })

  test('llamaindex-pages.mjs finds what a page says, and replaces the chunks of a page', async () => {
    interface Store {
      readonly collection: { count(): number }
    }
    interface Found {
      readonly nodes: readonly { text: string; metadata: object }[]
    }
    const { indexPages, ask } = await example<{
      indexPages: (db: Connection, folder: string) => Promise<Store>
      ask: (store: Store, question: string) => Promise<Found>
    }>('llamaindex-pages.mjs')
    const pages = join(folder, 'llamaindex')
    mkdirSync(pages)
    writeFileSync(join(pages, 'bread.md'), '# Bread\nMix flour with water.\n')
    writeFileSync(join(pages, 'jam.md'), '# Jam\nBoil fruit with sugar.\n')
    // From the module that the example has its classes from.
    const { open: openPackage } = await import('sqlite-vec-ts')
    const db = await openPackage(':memory:')
    const [found] = (await ask(await indexPages(db, pages), 'How do I boil fruit?')).nodes
    assert.match(found.text, /Boil fruit/)
    assert.deepEqual(found.metadata, { file: 'jam.md', headings: ['Jam'] })
    writeFileSync(join(pages, 'jam.md'), '# Jam\nBoil berries with honey.\n')
    const store = await indexPages(db, pages)
    assert.equal(store.collection.count(), 2)
    assert.match((await ask(store, 'How do I boil fruit?')).nodes[0].text, /Boil berries/)
    db.close()
  })

  test('ai-chat-route.mjs streams an answer that it has found in a note', async () => {
    const { openNotes, chatRoute } = await example<{
      openNotes: (path: string) => Promise<{ db: Connection; notes: Collection }>
      chatRoute: (notes: Collection) => (request: Request) => Promise<Response>
    }>('ai-chat-route.mjs')
    const { db, notes } = await openNotes(join(folder, 'bakery.sqlite'))
    await notes.upsert([
      { id: 'soda', content: 'Soda bread is quick: it needs no yeast.' },
      { id: 'rye', content: 'Rye takes two days.' },
    ])
    const parts = [{ type: 'text', text: 'How long does rye take?' }]
    const body = JSON.stringify({ messages: [{ role: 'user', parts }] })
    const request = new Request('http://localhost/api/chat', { method: 'POST', body })
    const answer = await chatRoute(notes)(request)
    assert.match(answer.headers.get('content-type') ?? '', /event-stream/)
    const text = await answer.text()
    assert.match(text, /"type":"tool-output-available".*Rye takes two days/)
    assert.match(text, /"type":"text-delta","id":"text","delta":"Rye takes two days\."/)
    db.close()
  })

  test('worker-server.mjs searches in workers, sees writes that were answered, and answers bad requests with 400', async () => {
    const { createApp } = await example<{
      createApp: (path: string) => Promise<{ server: Server; db: AsyncDatabase }>
    }>('worker-server.mjs')
    const { server, db } = await createApp(join(folder, 'worker.sqlite'))
    await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const nearest = async (): Promise<string[]> => {
        const body = JSON.stringify({ vector: [0, 1], k: 1 })
        const found = await fetch(`${url}/search`, { method: 'POST', body })
        return ((await found.json()) as { hits: { id: string }[] }).hits.map(({ id }) => id)
      }
      for (const [id, vector] of [
        ['east', '[1, 0]'],
        ['north', '[0, 1]'],
      ]) {
        // prettier-ignore
        await fetch(`${url}/notes/${id}`, { method: 'PUT', body: vector })
        assert.deepEqual(await nearest(), [id])
      }
      const body = JSON.stringify({ vector: [1, 2, 3], k: 1 })
      const refused = await fetch(`${url}/search`, { method: 'POST', body })
      assert.equal(refused.status, 400)
      assert.match(JSON.stringify(await refused.json()), /dim/)
    } finally {
      server.close()
      server.closeAllConnections()
      await db.close()
    }
  })

  test('sqlite-replica.mjs follows a file', async () => {
    const { openReplica, prepareUpstream } = await example<{
      prepareUpstream: (path: string, dataset: string) => Promise<Upstream>
      openReplica: (
        upstream: Upstream,
        path: string,
      ) => Promise<{ replica: Connection; replicator: Replicator }>
    }>('sqlite-replica.mjs')
    const upstreamPath = join(folder, 'upstream.sqlite')
    const upstream = await prepareUpstream(upstreamPath, 'all')
    const { replica, replicator } = await openReplica(upstream, join(folder, 'replica.sqlite'))
    const stop = new AbortController()
    const following = replicator.follow(stop.signal)
    const writer = await open(upstreamPath, { register: false })
    writer
      .prepare(`INSERT INTO shadow_vec_docs(dataset_id, id, embedding) VALUES ('all', 'a', ?)`)
      .run(encodeEmbedding([1, 0]))
    await replicator.waitFor({ datasetId: 'all', scn: await position(upstream, 'all') })
    const found = replica.prepare(
      `SELECT doc_id FROM docs WHERE dataset_id = 'all' AND doc_id MATCH '[1, 0]'`,
    )
    assert.deepEqual(found.pluck().all(), ['a'])
    stop.abort()
    await following
    writer.close()
    replica.close()
  })
})
