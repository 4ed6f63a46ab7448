import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { copyFileSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import { open } from '../../src/entries/main.ts'
import { svec, svecJson, temporaryFolder } from '../cli/svec.ts'
import { moduleArguments, shellCommand } from '../module-arguments.ts'
import { SVEC } from '../svec-program.ts'
import { answerOf, errorOf, isAlive, namesRemedy, spawned } from './connected.ts'

const folder = temporaryFolder()
const path = (name: string): string => join(folder, name)

interface Answer {
  readonly id: string | number | null
  readonly result?: { readonly content?: { text: string }[]; readonly protocolVersion?: string }
  readonly error?: { readonly code: number; readonly message: string }
}

/** A client that writes lines itself. */
class RawClient {
  readonly child: ChildProcessWithoutNullStreams
  readonly ended: Promise<number | null>
  readonly #answers: AsyncIterator<string>

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [SVEC, 'mcp', ...args])
    this.child.stdin.on('error', () => undefined)
    this.ended = new Promise(resolve => {
      this.child.on('close', resolve)
    })
    this.#answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
  }

  write(line: string | object): void {
    this.child.stdin.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
  }

  async answer(): Promise<Answer> {
    return JSON.parse((await this.#answers.next()).value as string) as Answer
  }

  async ask(line: string | object): Promise<Answer> {
    this.write(line)
    return this.answer()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.stdin.end()
    await this.ended
  }
}

const initialize = (protocolVersion: string): object => ({
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion, capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
})

const call = (id: number, name: string, args: object): object => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
})

interface Ids {
  readonly hits: { id: string; content: string }[]
}

describe('svec mcp over stdio', () => {
  test('a missing file is created with --write only, and remembers by words', async () => {
    const file = path('memory.sqlite')
    const refused = await svec(['mcp', file])
    assert.deepEqual([refused.code, refused.stdout], [3, ''])
    assert.match(refused.stderr, /does not exist\n {2}check the path, or create it/)
    assert.equal(existsSync(file), false)
    {
      await using agent = await spawned([file, '--write'])
      const { hits } = await answerOf<Ids>(agent.client, 'search', { text: 'anything' })
      assert.deepEqual(hits, [])
      await answerOf(agent.client, 'upsert', {
        documents: [{ id: 'style', content: 'This project indents with two spaces' }],
      })
    }
    await using agent = await spawned([file])
    const { hits } = await answerOf<Ids>(agent.client, 'search', { text: 'how to indent' })
    assert.deepEqual(
      hits.map(({ id }) => id),
      ['style'],
    )
  })

  test('reads only without --write, so that another program can write meanwhile', async () => {
    const file = path('shared.sqlite')
    await svecJson(['init', file, '--text', 'content'])
    await using agent = await spawned([file])
    const db = await open(file)
    db.exec(`INSERT INTO _vec_docs(dataset_id, id, content) VALUES ('a', 'x', 'first words')`)
    const found = async (text: string): Promise<string[]> =>
      (await answerOf<Ids>(agent.client, 'search', { text })).hits.map(({ id }) => id)
    assert.deepEqual(await found('first'), ['x'])
    db.exec(`UPDATE _vec_docs SET content = 'second words'`)
    assert.deepEqual([await found('first'), await found('second')], [[], ['x']])
    db.close()
  })

  test('two servers write to one file at once', async () => {
    const file = path('two.sqlite')
    await using a = await spawned([file, '--write'])
    await using b = await spawned([file, '--write'])
    const ids = Array.from({ length: 20 }, (_, i) => `n${i}`)
    await Promise.all(
      ids.map((id, i) =>
        answerOf((i % 2 === 0 ? a : b).client, 'upsert', { documents: [{ id, content: id }] }),
      ),
    )
    for (const { client } of [a, b])
      assert.equal((await answerOf<{ total: number }>(client, 'list')).total, 20)
  })

  test('several files are chosen by their names', async () => {
    for (const name of ['one.sqlite', 'other.sqlite'])
      await svecJson(['init', path(name), '--text', 'content'])
    await using agent = await spawned([path('one.sqlite'), path('other.sqlite'), '--write'])
    const documents = [{ id: 'a', content: 'a' }]
    assert.match(
      await errorOf(agent.client, 'upsert', { documents }),
      /one.sqlite, other.sqlite\nchoose/,
    )
    await answerOf(agent.client, 'upsert', { documents, file: 'other.sqlite' })
    const { resources } = await agent.client.listResources()
    assert.deepEqual(
      resources.map(({ uri }) => uri),
      ['svec://other.sqlite/docs/default/a'],
    )
  })

  test('a locked file is an error that says so, and the next call succeeds', async () => {
    const file = path('locked.sqlite')
    await svecJson(['init', file, '--text', 'content'])
    await using agent = await spawned([file, '--write', '--busy-timeout', '50'])
    const documents = [{ id: 'a', content: 'a' }]
    const db = await open(file)
    db.exec('BEGIN EXCLUSIVE')
    assert.match(await errorOf(agent.client, 'upsert', { documents }), /locked.*try again/s)
    db.exec('ROLLBACK')
    await answerOf(agent.client, 'upsert', { documents })
    db.close()
  })

  test('a file that is replaced is read again; a file that is gone is said to be', async () => {
    const file = path('replaced.sqlite')
    for (const [name, word] of [
      [file, 'old'],
      [path('new.sqlite'), 'new'],
    ]) {
      await svecJson(['init', name, '--text', 'content'])
      const db = await open(name)
      db.exec(`INSERT INTO _vec_docs(dataset_id, id, content) VALUES ('a', '${word}', 'word')`)
      db.close()
    }
    await using agent = await spawned([file])
    const found = async (): Promise<string[]> =>
      (await answerOf<Ids>(agent.client, 'search', { text: 'word' })).hits.map(({ id }) => id)
    assert.deepEqual(await found(), ['old'])
    copyFileSync(path('new.sqlite'), path('copy.sqlite'))
    renameSync(path('new.sqlite'), file)
    assert.deepEqual(await found(), ['new'])
    rmSync(file)
    assert.match(
      await errorOf(agent.client, 'search', { text: 'word' }),
      /any more\nput the file back/,
    )
    renameSync(path('copy.sqlite'), file)
    assert.deepEqual(await found(), ['new'])
  })

  test('a text is embedded by a command; its failure is an error of the call', async () => {
    const file = path('embedded.sqlite')
    await svecJson(['init', file])
    const program = path('embed.mjs')
    writeFileSync(
      program,
      `let text = ''
for await (const part of process.stdin) text += part
if (text.includes('boom')) { console.error('no such model'); process.exit(3) }
console.log(JSON.stringify(JSON.parse(text).map(one => [...'abc'].map(c => one.split(c).length))))`,
    )
    const command = shellCommand(program)
    await using agent = await spawned([
      file,
      '--write',
      '--embed-command',
      command,
      '--model',
      'abc',
    ])
    const documents = ['aaa', 'bbb', 'ccc'].map(id => ({ id, content: id }))
    await answerOf(agent.client, 'upsert', { documents })
    const { hits } = await answerOf<Ids>(agent.client, 'search', { text: 'bb', k: 1 })
    assert.deepEqual(hits[0].id, 'bbb')
    assert.match(
      await errorOf(agent.client, 'search', { text: 'boom' }),
      /exited with code 3.*\nno such model/s,
    )
  })

  test('ends with its client: at the end of stdin, and when the client is killed', async () => {
    const file = path('memory.sqlite')
    const raw = new RawClient([file])
    await raw.ask(initialize('2025-06-18'))
    raw.child.stdin.end()
    assert.equal(await raw.ended, 0)
    // A client process that is killed takes its ends of the pipes with it.
    const program = `
      import { spawn } from 'node:child_process'
      const child = spawn(process.execPath, [${JSON.stringify(SVEC)}, 'mcp', ${JSON.stringify(file)}])
      child.stdout.once('data', () => console.log(child.pid))
      child.stdin.write(${JSON.stringify(`${JSON.stringify(initialize('2025-06-18'))}\n`)})`
    const client = spawn(process.execPath, moduleArguments(program))
    const [line] = (
      await new Promise<Buffer>(resolve => {
        client.stdout.once('data', resolve)
      })
    )
      .toString()
      .split('\n')
    const pid = Number(line)
    assert.ok(isAlive(pid))
    process.kill(client.pid!, 'SIGKILL')
    for (let waited = 0; isAlive(pid) && waited < 10_000; waited += 50) await setTimeout(50)
    assert.equal(isAlive(pid), false)
  })

  test('ends in order at SIGTERM', async () => {
    const raw = new RawClient([path('memory.sqlite')])
    await raw.ask(initialize('2025-06-18'))
    process.kill(raw.child.pid!, 'SIGTERM')
    assert.equal(await raw.ended, 0)
  })

  test('speaks every version of the protocol that the SDK knows', async () => {
    for (const version of SUPPORTED_PROTOCOL_VERSIONS) {
      await using raw = new RawClient([path('memory.sqlite')])
      assert.equal((await raw.ask(initialize(version))).result?.protocolVersion, version)
    }
    await using raw = new RawClient([path('memory.sqlite')])
    const { result } = await raw.ask(initialize('1999-01-01'))
    assert.ok(SUPPORTED_PROTOCOL_VERSIONS.includes(result?.protocolVersion ?? ''))
  })

  test('lines that are not messages get an error each, and the next request an answer', async () => {
    await using raw = new RawClient([path('memory.sqlite')])
    await raw.ask(initialize('2025-06-18'))
    const wrong: [line: string, id: Answer['id'], code: number][] = [
      ['not JSON', null, -32_700],
      ['[]', null, -32_600],
      ['{"jsonrpc":"2.0","id":7,"method":5}', 7, -32_600],
      ['{"jsonrpc":"1.0","id":"x","method":"ping"}', 'x', -32_600],
      ['{"jsonrpc":"2.0","id":8,"method":"ping","params":3}', 8, -32_600],
      ['{"jsonrpc":"2.0","id":9,"method":"no/such"}', 9, -32_601],
      ['['.repeat(100_000), null, -32_700],
    ]
    for (const [line, id, code] of wrong) {
      const { id: answered, error } = await raw.ask(line)
      assert.deepEqual([answered, error?.code], [id, code], line)
      assert.ok(namesRemedy(error!.message), error!.message)
    }
    raw.write('')
    raw.write({ jsonrpc: '2.0', method: 'notifications/unknown' })
    assert.equal((await raw.ask({ jsonrpc: '2.0', id: 10, method: 'ping' })).id, 10)
    const long = await raw.ask('x'.repeat(17 * 2 ** 20))
    assert.match(long.error!.message, /more than 16777216 bytes: expected shorter/)
    assert.equal((await raw.ask({ jsonrpc: '2.0', id: 11, method: 'ping' })).id, 11)
  })

  test('requests before the end of stdin are answered', async () => {
    const lines = [initialize('2025-06-18'), call(1, 'stats', {}), call(2, 'list', {})]
    const input = lines.map(line => `${JSON.stringify(line)}\n`).join('')
    const { stdout, code } = await svec(['mcp', path('memory.sqlite')], { input: input.trimEnd() })
    assert.equal(code, 0)
    const ids = stdout
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as Answer).id)
    assert.deepEqual(ids, [0, 1, 2])
  })

  test('a client that does not read does not fill the memory of the server', async () => {
    const file = path('slow.sqlite')
    await using agent = await spawned([file, '--write'])
    await answerOf(agent.client, 'upsert', {
      documents: [{ id: 'a', content: 'x'.repeat(90_000) }],
    })
    await using raw = new RawClient([file])
    await raw.ask(initialize('2025-06-18'))
    raw.child.stdout.pause()
    const line = `${JSON.stringify(call(1, 'get', { ids: ['a'] }))}\n`
    let accepted = 0
    // 3,000 answers are 270 MB. The pipes hold a few hundred kilobytes of requests.
    for (let i = 0; i < 3000 && !raw.child.stdin.writableNeedDrain; i++) {
      raw.child.stdin.write(line)
      await setTimeout(1)
      if (raw.child.stdin.writableLength === 0) accepted++
    }
    const status = await import('node:fs').then(({ readFileSync }) =>
      existsSync('/proc') ? readFileSync(`/proc/${raw.child.pid}/status`, 'utf8') : '',
    )
    const [, resident = '0'] = /VmRSS:\s+(\d+)/.exec(status) ?? []
    assert.ok(Number(resident) < 400_000, `${resident} kB after ${accepted} requests`)
    raw.child.stdout.destroy()
  })
})

test('without the SDK, svec mcp says which package to install', async () => {
  // A copy of the command where no package is beside it.
  const alone = join(folder, 'alone', 'dist')
  const { cpSync, mkdirSync } = await import('node:fs')
  mkdirSync(alone, { recursive: true })
  // Where there is no such folder, Bun installs what is missing.
  mkdirSync(join(dirname(alone), 'node_modules'))
  cpSync('dist/lib', join(alone, 'lib'), { recursive: true })
  copyFileSync('package.json', join(dirname(alone), 'package.json'))
  const { code, stderr } = await svec(['mcp', path('memory.sqlite')], {
    main: join(alone, 'lib', 'svec.js'),
  })
  assert.equal(code, 3)
  assert.match(
    stderr,
    /@modelcontextprotocol\/sdk is not installed\n {2}npm install @modelcontextprotocol/,
  )
})
