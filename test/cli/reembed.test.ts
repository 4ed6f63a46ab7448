import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { shellCommand } from '../module-arguments.ts'
import { scratch } from './scratch.ts'
import { svec, svecJson } from './svec.ts'

const { write, freshTable } = scratch()

interface Request {
  readonly url: string | undefined
  readonly key: string | undefined
  readonly model: string
  readonly input: readonly string[]
  readonly at: number
}

/** An endpoint of OpenAI's shape: vectors are the length of the text and its number of letters a, in reverse order. */
let server: Server
let url: string
let requests: Request[] = []
/** Answered instead, in turn. */
let failures: { readonly status: number; readonly after?: string }[] = []

before(async () => {
  server = createServer((request, response) => {
    void bodyOf(request).then(body => {
      const { model, input } = JSON.parse(body) as { model: string; input: string[] }
      const { url: path, headers } = request
      requests.push({ url: path, key: headers.authorization, model, input, at: Date.now() })
      const failure = failures.shift()
      if (failure) {
        response.writeHead(failure.status, failure.after ? { 'retry-after': failure.after } : {})
        response.end('{"error": "not now"}')
        return
      }
      const data = input.map((text, index) => ({
        index,
        embedding: [text.length, text.split('a').length - 1, 1],
      }))
      response.end(JSON.stringify({ data: data.toReversed() }))
    })
  })
  await new Promise<void>(ready => server.listen(0, '127.0.0.1', ready))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
})
after(() => server.close())

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of request) text += String(part)
  return text
}

async function filled(count: number): Promise<string> {
  requests = []
  failures = []
  const file = await freshTable()
  const lines = Array.from({ length: count }, (_, n) =>
    JSON.stringify({ id: `n${n}`, content: 'a'.repeat(n + 1), embedding: [n, 1] }),
  )
  const source = write('docs.jsonl', lines.join('\n'))
  await svecJson(['import', file, source, '--model', 'old', '--dataset', 'd'])
  return file
}

async function modelsOf(file: string): Promise<unknown[]> {
  const db = await open(file, { readonly: true })
  try {
    const sql =
      'SELECT embedding_model, length(embedding) / 4, count(*) FROM _vec_docs GROUP BY 1, 2'
    return db.prepare(sql).raw().all()
  } finally {
    db.close()
  }
}

test('a dataset goes over to the model of an endpoint, and back', async () => {
  const file = await filled(25)
  const args = ['reembed', file, '--model', 'new', '--embed-url', url, '--batch', '10']
  const env = { OPENAI_API_KEY: 'a secret' }
  const report = await svecJson([...args, '--yes'], { env })
  assert.deepEqual(report, { model: 'new', embedded: 25, switched: 25 })
  assert.deepEqual(
    requests.map(({ url: path, key, model, input }) => [path, key, model, input.length]),
    [10, 10, 5].map(size => ['/v1/embeddings', 'Bearer a secret', 'new', size]),
  )
  assert.deepEqual(await modelsOf(file), [['new', 3, 25]])
  assert.deepEqual(await svecJson(['reembed', file, '--status']), {
    model: 'old',
    state: 'switched',
    done: 25,
    total: 25,
  })
  assert.deepEqual(await svecJson(['reembed', file, '--rollback']), {
    model: 'old',
    embedded: 0,
    switched: 25,
  })
  assert.deepEqual(await modelsOf(file), [['old', 2, 25]])
  assert.deepEqual(await svecJson(['reembed', file, '--discard']), { discarded: true })
  assert.equal(await svecJson(['reembed', file, '--status']), null)
})

test('a command embeds as well', async () => {
  const file = await filled(5)
  const program = write(
    'embed.mjs',
    `let text = ''
for await (const part of process.stdin) text += part
console.log(JSON.stringify(JSON.parse(text).map(t => [1, 2, 3, t.length])))`,
  )
  const command = shellCommand(program)
  const { code, stdout, stderr } = await svec([
    'reembed',
    file,
    '--model',
    'new',
    '--embed-command',
    command,
    '--price',
    '2',
    '--yes',
  ])
  assert.equal(code, 0, stderr)
  assert.match(stderr, /to embed: 5 documents, about 4 tokens, 0\.00 at the given price/)
  assert.match(stdout, /model new serves: 5 documents, 5 embedded now/)
  assert.deepEqual(await modelsOf(file), [['new', 4, 5]])
})

test('it says what it takes, and starts when it is told to', async () => {
  const file = await filled(8)
  const { code, stderr } = await svec(['reembed', file, '--model', 'new', '--embed-url', url])
  assert.equal(code, 2)
  assert.match(stderr, /8 documents, about 9 tokens: nothing was started/)
  assert.deepEqual(requests, [])
  assert.deepEqual(await modelsOf(file), [['old', 2, 8]])
})

test('busy and failing servers are asked again, when they say', async () => {
  const file = await filled(3)
  failures = [{ status: 429, after: '1' }, { status: 503 }, { status: 500 }]
  const began = Date.now()
  const args = ['reembed', file, '--model', 'new', '--embed-url', url, '--yes']
  assert.deepEqual(await svecJson(args), { model: 'new', embedded: 3, switched: 3 })
  assert.equal(requests.length, 4)
  assert.ok(requests[1].at - requests[0].at >= 950, 'Retry-After is obeyed')
  assert.ok(Date.now() - began < 20_000)
})

test('a server that goes on failing ends the command, which goes on later', async () => {
  const file = await filled(20)
  const args = ['reembed', file, '--model', 'new', '--embed-url', url, '--batch', '5', '--yes']
  let asked = 0
  failures = new Proxy([] as typeof failures, {
    get: (target, name) =>
      name === 'shift'
        ? () => (++asked > 2 ? { status: 500 } : undefined)
        : (Reflect.get(target, name) as unknown),
  })
  const { code, stderr } = await svec([...args, '--retries', '1'])
  assert.equal(code, 3, stderr)
  assert.match(stderr, /answered 500 \{"error": "not now"\}\n +gave up after 2 requests/)
  assert.deepEqual(await modelsOf(file), [['old', 2, 20]])
  failures = []
  requests = []
  assert.deepEqual(await svecJson(args), { model: 'new', embedded: 10, switched: 20 })
  assert.equal(requests.length, 2)
})

test('a refused key is not tried again', async () => {
  const file = await filled(2)
  failures = [{ status: 401 }]
  const args = ['reembed', file, '--model', 'new', '--embed-url', url, '--yes']
  const { code, stderr } = await svec(args)
  assert.equal(code, 3)
  assert.match(stderr, /answered 401[^]*--api-key-env/)
  assert.equal(requests.length, 1)
})

test('requests keep to a rate', async () => {
  const file = await filled(4)
  const args = ['reembed', file, '--model', 'new', '--embed-url', url, '--yes']
  await svecJson([...args, '--batch', '1', '--rate', '120'])
  assert.equal(requests.length, 4)
  const took = requests[3].at - requests[0].at
  // The first may arrive late, when a connection is made.
  assert.ok(took >= 900, String(took))
})

test('flags that contradict each other or are missing are refused', async () => {
  const file = await filled(1)
  for (const [args, message] of [
    [[], /the new model has to be named/],
    [['--model', 'x'], /needs something that embeds/],
    [['--model', 'x', '--embed-url', 'x'], /--embed-url 'x' is not a URL/],
    [['--model', 'x', '--embed-url', url, '--embed-command', 'x'], /contradict/],
    [['--model', 'x', '--embed-url', url, '--api-key-env', 'NO_SUCH_KEY'], /NO_SUCH_KEY/],
    [['--rollback', '--discard'], /--rollback and --discard contradict/],
  ] as const) {
    const { code, stderr } = await svec(['reembed', file, ...args])
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
  }
  const { code, stderr } = await svec(['reembed', file, '--rollback'])
  assert.notEqual(code, 0)
  assert.match(stderr, /has not been switched/)
})
