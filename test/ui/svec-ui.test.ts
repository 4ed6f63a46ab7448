import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { open } from '../../src/entries/main.ts'
import { answered, SourceError } from '../../src/ui/source-error.ts'
import { svec, temporaryFolder } from '../cli/svec.ts'
import { RunningUi } from './running-ui.ts'

const folder = temporaryFolder()
const path = join(folder, 'docs.sqlite')
const place = { table: 'docs', dataset: 'd' }

const refusedBy = async (answer: Promise<unknown>): Promise<SourceError> => {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SourceError)
  return error
}

before(async () => {
  const db = await open(path)
  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  db.exec(
    `INSERT INTO docs(dataset_id, doc_id, content, embedding) VALUES ('d', 'a', 'east', '[1, 0]'), ('d', 'b', 'north', '[0, 1]')`,
  )
  db.close()
})

describe('svec ui', () => {
  let ui: RunningUi
  before(async () => {
    ui = await RunningUi.start(path)
  })
  after(async () => {
    const { code, stderr } = await ui.stop()
    assert.equal(code, 0)
    assert.equal(stderr, '')
  })

  test('listens on this machine alone, at a port and with a token that cannot be guessed', async () => {
    await using other = await RunningUi.start(path)
    assert.equal(ui.address.hostname, '127.0.0.1')
    assert.notEqual(other.address.port, ui.address.port)
    assert.notEqual(other.token, ui.token)
    assert.ok(ui.token.length >= 32)
    assert.equal((await other.stop()).code, 0)
  })

  test('serves the page, which may run its own script and ask this server, nothing else', async () => {
    for (const [file, type] of [
      ['/', 'text/html'],
      ['/page.js', 'text/javascript'],
      ['/page.css', 'text/css'],
    ]) {
      const { status, headers, bytes } = await ui.send('GET', file)
      assert.equal(status, 200)
      assert.ok(String(headers['content-type']).startsWith(type))
      assert.ok(bytes.length > 500)
      const policy = String(headers['content-security-policy'])
      assert.match(
        policy,
        /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/,
      )
      assert.ok(!/unsafe|https?:/.test(policy))
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['referrer-policy'], 'no-referrer')
    }
    for (const file of [
      '/../server.js',
      '/..%2fserver.js',
      '/ui-page/page.js',
      '/docs.sqlite',
      '//page.js',
    ])
      assert.equal((await ui.send('GET', file)).status, 404, file)
  })

  test('the page names no address outside of this machine', async () => {
    for (const file of ['/', '/page.js', '/page.css']) {
      const text = Buffer.from((await ui.send('GET', file)).bytes).toString()
      assert.deepEqual(text.match(/\b(?:https?|wss?):\/\/[^\s'"`)]+/g) ?? [], [])
    }
  })

  test('answers questions of who has the token', async () => {
    assert.deepEqual(await ui.ask('about', []), { name: 'docs.sqlite', writable: false })
    const { hits } = (await ui.ask('search', [
      place,
      { mode: 'exact', vector: [0.1, 1], k: 1 },
    ])) as { hits: { id: string }[] }
    assert.equal(hits[0].id, 'b')
    const { points } = (await ui.ask('map', [place])) as { points: Float32Array }
    assert.equal(points.length, 4)
  })

  test('refuses requests without the token, of other sites, and under other names', async () => {
    const bearer = { authorization: `Bearer ${ui.token}` }
    const { host } = ui.address
    const cases: readonly (readonly [Readonly<Record<string, string>>, number])[] = [
      [{}, 401],
      [{ authorization: `Bearer ${ui.token.slice(1)}x` }, 401],
      [{ authorization: ui.token }, 401],
      [{ ...bearer, host: 'attacker.example' }, 421],
      [{ ...bearer, host: `attacker.example:${ui.address.port}` }, 421],
      [{ ...bearer, origin: 'http://attacker.example' }, 403],
      [{ ...bearer, origin: 'null' }, 403],
      [{ ...bearer, origin: `http://localhost:${ui.address.port}` }, 403],
      [{ ...bearer, 'sec-fetch-site': 'cross-site' }, 403],
      [{ ...bearer, 'sec-fetch-site': 'same-site' }, 403],
      [{ ...bearer, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }, 200],
    ]
    for (const [headers, status] of cases)
      assert.equal(
        (await ui.send('POST', '/describe', headers, '[]')).status,
        status,
        JSON.stringify(headers),
      )
    for (const method of ['PUT', 'DELETE', 'OPTIONS'])
      assert.equal((await ui.send(method, '/describe', bearer, '[]')).status, 405, method)
  })

  test('answers nonsense with an error, and goes on', async () => {
    for (const [method, body] of [
      ['describe', '{'],
      ['describe', ''],
      ['map', '[1]'],
      ['nonsense', '[]'],
      ['search', '[{}]'],
      ['__proto__', '[]'],
    ]) {
      const { status, bytes } = await ui.send(
        'POST',
        `/${method}`,
        { authorization: `Bearer ${ui.token}` },
        body,
      )
      assert.equal(status, 200)
      assert.throws(() => answered(bytes), SourceError, method)
    }
    const large = await ui
      .send('POST', '/describe', { authorization: `Bearer ${ui.token}` }, 'x'.repeat(5 << 20))
      .catch((error: unknown) => error)
    if (!(large instanceof Error))
      assert.throws(() => answered((large as { bytes: Uint8Array }).bytes), /larger than/)
    assert.deepEqual(await ui.ask('about', []), { name: 'docs.sqlite', writable: false })
  })

  test('only reads the file, and says how to start it so that it writes', async () => {
    const { code, hint } = await refusedBy(ui.ask('repair', ['docs']))
    assert.equal(code, 'SQLITE_READONLY')
    assert.match(hint!, /--write/)
  })
})

describe('svec ui --write', () => {
  test('repairs what a check finds', async () => {
    const db = await open(path)
    db.exec(
      `INSERT INTO vector_storage(shadow_table_name, dataset_id, "index") VALUES ('main._vec_gone', 'd', x'00')`,
    )
    db.close()
    await using ui = await RunningUi.start(path, '--write')
    const severities = async (): Promise<string[]> =>
      ((await ui.ask('check', ['docs'])) as { severity: string }[]).map(({ severity }) => severity)
    assert.deepEqual(await ui.ask('about', []), { name: 'docs.sqlite', writable: true })
    assert.ok((await severities()).includes('warning'))
    await ui.ask('repair', ['docs'])
    assert.ok(!(await severities()).includes('warning'))
    assert.equal((await ui.stop()).code, 0)
  })

  test('a file that is missing or is not a database is refused before anything is served', async () => {
    const { code, stderr } = await svec(['ui', join(folder, 'none.sqlite'), '--no-open'])
    assert.equal(code, 3)
    assert.match(stderr, /none\.sqlite does not exist/)
  })
})
