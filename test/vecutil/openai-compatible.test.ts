import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { openaiCompatible } from '../../examples/openai-compatible.ts'
import { open } from '../../src/entries/main.ts'
import { Collection } from '../../src/entries/vecutil.ts'

let server: Server
let baseUrl: string
const requests: { model: string; input: string[] }[] = []

before(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', part => (body += String(part)))
    request.on('end', () => {
      if (request.headers.authorization !== 'Bearer key') {
        response.writeHead(401).end('no key')
        return
      }
      const asked = JSON.parse(body) as { model: string; input: string[] }
      requests.push(asked)
      // The order of the answer is not promised: `index` tells.
      const data = asked.input
        .map((text, index) => ({ index, embedding: [text.length, index + 1] }))
        .toReversed()
      response.end(JSON.stringify({ data }))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
})
after(() => server.close())

test('documents are embedded over HTTP, in batches, in their order', async () => {
  using db = await open(':memory:')
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const embed = openaiCompatible({ baseUrl, model: 'm', apiKey: 'key', batch: 2 })
  const texts = new Collection(db, { table: 'docs', dataset: 'd', embed, model: 'm' })
  await texts.upsertDocumentsText(['x', 'yy', 'zzz'].map(content => ({ id: content, content })))
  assert.deepEqual(
    requests.map(request => request.input),
    [['x', 'yy'], ['zzz']],
  )
  assert.equal((await texts.queryText('q', 1))[0].id, 'x')
})

test('an answer that is an error says its status', async () => {
  const embed = openaiCompatible({ baseUrl, model: 'm' })
  await assert.rejects(embed(['x'], {}), /401 no key/)
})
