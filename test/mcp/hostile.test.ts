import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { open, type Connection } from '../../src/entries/main.ts'
import { svec, temporaryFolder } from '../cli/svec.ts'
import { shellCommand } from '../module-arguments.ts'
import {
  answerOf,
  connectedTo,
  errorOf,
  isAlive,
  namesRemedy,
  rawAnswer,
  spawned,
} from './connected.ts'

const LIMIT = 30_000
const folder = temporaryFolder()

const nested = (levels: number): unknown =>
  JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as unknown

describe('svec mcp and hostile input', () => {
  let db: Connection
  let client: Client

  before(async () => {
    db = await open(':memory:')
    db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id, text=content)')
    client = await connectedTo({ sources: [{ name: 'd', db }], write: true, maxBytes: LIMIT })
  })
  after(async () => {
    await client.close()
    db.close()
  })

  test('names and values of any length that other programs wrote hide nothing else', async () => {
    const insert = db.prepare(
      'INSERT INTO _vec_docs(dataset_id, id, content, meta, embedding) VALUES (?, ?, ?, ?, vec_f32(?))',
    )
    const long = '"\u0001\u{1f600}'.repeat(100_000)
    for (let i = 0; i < 60; i++) {
      insert.run('many', `${i}${long}`, `word ${long}`, JSON.stringify({ long }), '[1,2]')
      insert.run(`${i}${long}`, 'a', 'word', null, '[1,2]')
    }
    insert.run('many', 'a', 'word', '{"a":1}', '[1,2]')
    const calls: [name: string, args: object][] = [
      ['stats', {}],
      ['list', { dataset: 'many', limit: 50 }],
      ['list', { dataset: 'many', limit: 50, orderBy: 'meta.a', direction: 'desc', vectors: true }],
      ['search', { dataset: 'many', text: 'word', k: 50 }],
      ['search', { dataset: 'many', vector: [1, 2], k: 50, groupBy: 'meta.long' }],
      ['get', { dataset: 'many', ids: ['a', `0${long}`] }],
    ]
    for (const [name, args] of calls) {
      const { isError, text } = await rawAnswer(client, name, args)
      assert.ok(isError !== true, `${name}: ${text}`)
      assert.ok(Buffer.byteLength(text) <= LIMIT, `${name}: ${text.length}`)
      JSON.parse(text)
    }
    // The error names the datasets, cut.
    assert.ok((await errorOf(client, 'search', { text: 'word' })).length < 3000)
    const { resources } = await client.listResources()
    assert.ok(JSON.stringify(resources).length < LIMIT)
    db.exec('DELETE FROM _vec_docs')
  })

  test('an agent cannot write a name that is too long to list', async () => {
    const documents = [{ id: 'i'.repeat(501), content: 'x' }]
    assert.match(
      await errorOf(client, 'upsert', { documents }),
      /501 characters: expected at most 500/,
    )
    const dataset = 'd'.repeat(201)
    const good = [{ id: 'a', content: 'x' }]
    assert.match(await errorOf(client, 'upsert', { documents: good, dataset }), /at most 200/)
    const ids = Array.from({ length: 50 }, (_, i) => `${i}${'\u0001'.repeat(490)}`)
    await answerOf(client, 'upsert', { documents: ids.map(id => ({ id, content: 'x' })) })
    assert.equal((await answerOf<{ total: number }>(client, 'list')).total, 50)
    await answerOf(client, 'delete', { ids })
  })

  test('long texts, deep values and large filters are answered or refused', async () => {
    await answerOf(client, 'upsert', { documents: [{ id: 'a', content: 'a', meta: { a: 1 } }] })
    const many = Array.from({ length: 50_000 }, (_, i) => i)
    const calls: [name: string, args: object][] = [
      ['search', { text: 'w'.repeat(50_000) }],
      ['search', { text: 'word '.repeat(10_000) }],
      ['search', { text: 'w'.repeat(50_001) }],
      ['list', { filter: { a: nested(3000) } }],
      ['list', { filter: { a: { $in: many } } }],
      ['list', { filter: { $or: many.map(a => ({ a })) } }],
      ['upsert', { documents: [{ id: 'b', content: 'b', meta: { a: nested(3000) } }] }],
      ['upsert', { documents: [{ id: 'b', content: 'b', vector: many }] }],
      ['upsert', { documents: [{ id: '\ud800', content: 'b' }] }],
      ['search', { vector: [1e308] }],
    ]
    for (const [name, args] of calls) {
      const { isError, text } = await rawAnswer(client, name, args)
      assert.ok(text.length < LIMIT)
      if (isError === true) assert.ok(namesRemedy(text), text)
    }
    const { ids } = await answerOf<{ ids: string[] }>(client, 'upsert', {
      documents: [{ content: 'c' }],
    })
    assert.equal(ids.length, 1)
  })

  test('a cursor that was changed is an error that says so, or a page', async () => {
    const documents = [1, 2, 3].map(n => ({ id: `p${n}`, content: 'p', meta: { n } }))
    await answerOf(client, 'upsert', { documents })
    const args = { orderBy: 'meta.n', limit: 1 }
    const { cursor } = await answerOf<{ cursor: string }>(client, 'list', args)
    const text = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    const [fingerprint, , id] = JSON.parse(text) as unknown[]
    for (const key of [['integer', 'x'], ['real', 'y'], ['z'], 5, null, [[1], [2]], { a: 1 }]) {
      const changed = btoa(JSON.stringify([fingerprint, key, id]))
      const { isError, text: said } = await rawAnswer(client, 'list', { ...args, cursor: changed })
      if (isError === true) assert.ok(namesRemedy(said), said)
    }
  })

  test('a cancelled request ends its embed command', async () => {
    const file = join(folder, 'slow.sqlite')
    const mark = join(folder, 'pid')
    const program = join(folder, 'slow.mjs')
    writeFileSync(
      program,
      `import { writeFileSync } from 'node:fs'
writeFileSync(${JSON.stringify(mark)}, String(process.pid))
setInterval(() => {}, 1000)`,
    )
    const command = `exec ${shellCommand(program)}`
    await using agent = await spawned([file, '--write', '--embed-command', command])
    const stop = new AbortController()
    const call = { name: 'search', arguments: { text: 'x' } }
    const pending = agent.client.callTool(call, undefined, { signal: stop.signal })
    const failed = assert.rejects(pending)
    while (!existsSync(mark) || readFileSync(mark, 'utf8') === '') await setTimeout(20)
    const pid = Number(readFileSync(mark, 'utf8'))
    stop.abort()
    await failed
    for (let waited = 0; isAlive(pid) && waited < 5000; waited += 20) await setTimeout(20)
    assert.equal(isAlive(pid), false)
    await answerOf(agent.client, 'stats')
  })

  test('options that contradict each other are refused before anything is served', async () => {
    const file = join(folder, 'options.sqlite')
    const wrong: [args: string[], message: RegExp][] = [
      [['--model', 'm'], /none was given\n {2}add --embed, --embed-command or --embed-url/],
      [['--embed-url', 'http://localhost:1'], /needs the name of a model\n {2}add --model/],
      [['--embed-url', 'ftp://x', '--model', 'm'], /is not a URL/],
      [['--max-rows', '1000', '--max-bytes', '5000'], /too small.*\n {2}give at least 404000/],
      [['--max-rows', '0'], /integer, 1 to 1000/],
      [['--port', '99999'], /integer, 0 to 65535/],
    ]
    for (const [args, message] of wrong) {
      const { code, stderr, stdout } = await svec(['mcp', file, '--write', ...args])
      assert.deepEqual([code, stdout], [2, ''], stderr)
      assert.match(stderr, message)
    }
    const text = join(folder, 'text.sqlite')
    writeFileSync(text, 'not a database at all, but long enough to be read as one'.repeat(50))
    const { code, stderr } = await svec(['mcp', text])
    assert.equal(code, 3)
    assert.match(stderr, /is not a SQLite database/)
  })
})
