import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { svec, temporaryFolder } from '../cli/svec.ts'
import { SVEC } from '../svec-program.ts'
import { answerOf, namesRemedy } from './connected.ts'

const folder = temporaryFolder()
const file = join(folder, 'docs.sqlite')

interface Response {
  readonly status: number
  readonly body: string
}

describe('svec mcp over HTTP', () => {
  let child: ReturnType<typeof spawn>
  let url: string
  let token: string

  before(async () => {
    child = spawn(process.execPath, [SVEC, 'mcp', file, '--write', '--port', '0', '--json'])
    const line = await new Promise<Buffer>(resolve => {
      child.stdout!.once('data', resolve)
    })
    ;({ url, token } = JSON.parse(line.toString()) as { url: string; token: string })
  })
  after(() => process.kill(child.pid!, 'SIGTERM'))

  async function connected(given = token): Promise<Client> {
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization: `Bearer ${given}` } },
    })
    const client = new Client({ name: 'test', version: '1.0.0' })
    await client.connect(transport)
    return client
  }

  /** A request with any headers: fetch() does not let one set Host. */
  function post(
    headers: Readonly<Record<string, string>>,
    body = '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    method = 'POST',
    path = '/mcp',
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const sent = request(
        new URL(path, url),
        {
          method,
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            authorization: `Bearer ${token}`,
            ...headers,
          },
        },
        response => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('end', () =>
            resolve({ status: response.statusCode!, body: Buffer.concat(parts).toString() }),
          )
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  test('two clients at once write and search', async () => {
    const [a, b] = [await connected(), await connected()]
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        answerOf(i % 2 === 0 ? a : b, 'upsert', {
          documents: [{ id: `n${i}`, content: `note ${i}` }],
        }),
      ),
    )
    for (const client of [a, b]) {
      assert.equal((await answerOf<{ total: number }>(client, 'list')).total, 20)
      await client.close()
    }
  })

  test('a wrong token, Host, Origin, method, path or body is refused, with what is expected', async () => {
    const { port } = new URL(url)
    const wrong: [status: number, response: Response][] = [
      [401, await post({ authorization: '' })],
      [401, await post({ authorization: 'Bearer x' })],
      [401, await post({ authorization: `Bearer ${token}x` })],
      [401, await post({ authorization: `Basic ${token}` })],
      [403, await post({ host: `evil.example:${port}` })],
      [403, await post({ host: '127.0.0.1' })],
      [403, await post({ origin: 'http://evil.example' })],
      [403, await post({ origin: 'null' })],
      [403, await post({ origin: `https://127.0.0.1:${port}` })],
      [404, await post({}, '{}', 'POST', '/other')],
      [405, await post({}, '', 'GET')],
      [405, await post({}, '', 'DELETE')],
      [400, await post({}, 'not JSON')],
      [400, await post({}, '[]')],
      [400, await post({}, '{"jsonrpc":"2.0","id":1}')],
      [406, await post({ accept: 'text/html' })],
      [415, await post({ 'content-type': 'text/plain' })],
      [400, await post({ 'mcp-protocol-version': '1999-01-01' })],
    ]
    for (const [i, [status, { status: given, body }]] of wrong.entries()) {
      assert.equal(given, status, `${i}: ${body}`)
      const { error } = JSON.parse(body) as { error: { message: string } }
      assert.ok(
        namesRemedy(error.message) ||
          /must/.test(error.message) ||
          /supported versions/.test(error.message),
        body,
      )
      assert.ok(!body.includes(token))
    }
    await assert.rejects(connected('wrong-token-wrong-token'), /token/)
  })

  test('the names of this host and its own origin are accepted', async () => {
    const { port } = new URL(url)
    for (const headers of [
      {},
      { host: `localhost:${port}` },
      { origin: `http://localhost:${port}` },
      { origin: `http://127.0.0.1:${port}` },
    ] as Record<string, string>[])
      assert.equal((await post(headers)).status, 200)
  })

  test('a request that is too long is refused', async () => {
    const { status, body } = await post({}, `"${'x'.repeat(17 * 2 ** 20)}"`).catch(
      // The server may close the connection before it has read everything.
      () => ({ status: 413, body: '' }),
    )
    assert.equal(status, 413, body)
  })

  test('slow clients, and clients that go away, do not hold up others', async () => {
    const { port } = new URL(url)
    const sockets = Array.from({ length: 20 }, () => connect(Number(port), '127.0.0.1'))
    for (const socket of sockets) {
      socket.on('error', () => undefined)
      socket.write(
        `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`,
      )
    }
    await setTimeout(50)
    const client = await connected()
    await answerOf(client, 'stats')
    for (const socket of sockets) socket.destroy()
    await answerOf(client, 'stats')
    await client.close()
  })

  test('the token of the environment is used and not printed; a short one is refused', async () => {
    const env = { SVEC_MCP_TOKEN: 'a-token-of-my-own-choice' }
    const { stdout, stderr, code } = await svec(['mcp', file, '--port', '0'], {
      env,
      started: started => {
        started.stderr!.once('data', () => process.kill(started.pid!, 'SIGTERM'))
      },
    })
    assert.equal(code, 0)
    assert.equal(stdout, '')
    assert.match(stderr, /^serving http:\/\/127\.0\.0\.1:\d+\/mcp\n$/)
    const short = await svec(['mcp', file, '--port', '0'], { env: { SVEC_MCP_TOKEN: 'short' } })
    assert.equal(short.code, 2)
    assert.match(short.stderr, /at least 16.*\n {2}set a longer one/)
    assert.ok(!short.stderr.includes('short'))
  })

  test('a port in use is an error that says so', async () => {
    const { port } = new URL(url)
    const { code, stderr } = await svec(['mcp', file, '--port', port])
    assert.equal(code, 3)
    assert.match(stderr, /EADDRINUSE\)\n {2}choose another --port/)
  })
})
