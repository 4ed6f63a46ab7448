// An HTTP server whose queries run in workers, so that a long one holds up no other request: one worker writes, two search.
// `node examples/worker-server.mjs`, then:
//   curl -X PUT -d '[1, 0]' localhost:3000/notes/east
//   curl -d '{"vector": [0.9, 0.2], "k": 3}' localhost:3000/search

import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { connect } from 'sqlite-vec-ts/worker'

/** A server over the notes of a file. `db.close()` after the server has closed. */
export async function createApp(path) {
  const db = await connect(path, { threads: 2 })
  await db.exec(
    'PRAGMA journal_mode = WAL; CREATE VIRTUAL TABLE IF NOT EXISTS notes USING vec(doc_id)',
  )

  const answer = async (request, signal) => {
    const [, route, id] = request.url.split('/')
    if (request.method === 'PUT' && route === 'notes') {
      const insert = `INSERT OR REPLACE INTO notes(dataset_id, doc_id, embedding) VALUES ('all', ?, ?)`
      return db.run(insert, [id, Float32Array.from(await json(request))], { signal })
    }
    const { vector, k } = await json(request)
    return db.search('notes', { dataset: 'all', vector, k }, { signal })
  }
  const server = createServer((request, response) => {
    // A client that goes away ends its query.
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const send = (status, value) => response.writeHead(status).end(JSON.stringify(value))
    answer(request, gone.signal).then(
      value => send(200, value),
      ({ name, message }) => send(/^(Type|Vec)Error$/.test(name) ? 400 : 500, { error: message }),
    )
  })
  return { server, db }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { server } = await createApp('notes.sqlite')
  server.listen(3000, '127.0.0.1', () => console.log('http://localhost:3000'))
}
