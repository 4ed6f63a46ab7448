import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { connect } from '../../src/entries/worker.ts'
import { refusedLater } from '../refusal.ts'

/** Bytes whose memory is in another thread. */
function moved(): Uint8Array {
  const bytes = new Uint8Array(10)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}

describe('errors', () => {
  test('keep class, code, hint and cause, and name the place of the call', async () => {
    await using db = await connect(':memory:')
    const syntax = await refusedLater(db.all('SELEC'), 'SQLITE_ERROR', 'SELEC')
    assert.match(syntax.stack!, /^VecError: near "SELEC"[^]*errors\.test/)
    await db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
    await db.run(`INSERT INTO docs(dataset_id, doc_id, embedding) VALUES ('d', 'a', '[1, 2]')`)
    const match = `SELECT doc_id FROM docs WHERE dataset_id = 'd' AND doc_id MATCH '[1]'`
    const dimension = await refusedLater(db.all(match), 'VEC_DIMENSION')
    assert.notEqual(dimension.hint, undefined)
    assert.equal((dimension.cause as { code: string }).code, 'VEC_DIMENSION')
    await db.exec('CREATE TABLE u(x UNIQUE); INSERT INTO u VALUES (1)')
    const unique = await refusedLater(db.run('INSERT INTO u VALUES (1)'), 'SQLITE_CONSTRAINT')
    assert.equal(unique.extendedName, 'SQLITE_CONSTRAINT_UNIQUE')
    await refusedLater(db.all('DELETE FROM u'), 'TypeError', /^all\(\) needs .* use run\(\)/)
    await refusedLater(db.get('DELETE FROM u', [], { rows: 'values' }), 'TypeError', /^get\(\) /)
    assert.deepEqual(await db.all('SELECT x FROM u'), [{ x: 1 }])
    await refusedLater(db.run('SELECT ?', [1, 2]), 'RangeError')
    await refusedLater(db.run('SELECT ?', [NaN]), 'TypeError')
    await refusedLater(db.run('SELECT ?', [undefined as never]), 'TypeError', 'undefined')
  })

  test('bad arguments are refused before anything is sent', async () => {
    await using db = await connect(':memory:')
    for (const [run, ...tells] of [
      [() => db.all(5 as never), 'all()'],
      [() => db.exec('SELECT 1\0'), 'exec()', 'NUL'],
      [() => db.all('SELECT ?', 'a' as never), 'parameters', '"a"'],
      [() => db.all('SELECT ?', Float32Array.of(1) as never), 'parameters', 'Float32Array'],
      [() => db.all('SELECT ?', [() => 1] as never), 'parameters[0]', 'function'],
      [() => db.all('SELECT ?', { a: Symbol('s') } as never), 'parameters.a', 'symbol'],
      [() => db.all('SELECT ?', [Promise.resolve(1)] as never), 'parameters[0]', 'await'],
      [() => db.all('SELECT ?', [new Map()] as never), 'parameters[0]', 'Map'],
      [() => db.all('SELECT 1', [], { signal: 1 } as never), 'options.signal'],
      [() => db.all('SELECT 1', [], 'x' as never), 'options'],
      [() => db.run('SELECT 1', [], { transfer: 1 } as never), 'options.transfer'],
      [() => db.batch('SELECT 1', 5 as never), 'batch()', 'parameters'],
      [() => db.batch('SELECT ?', [5] as never), 'parameters[0]'],
      [() => db.transaction('SELECT 1' as never), 'statements'],
      [() => db.transaction([5] as never), 'statements[0]'],
      [() => db.transaction([['SELECT ?', [() => 1]]] as never), 'statements[0][1][0]'],
      [() => db.search('', { dataset: 'd' }), 'table'],
      [() => db.search('t', 5 as never), 'query'],
      [() => db.import('x' as never), 'bytes'],
      [() => db.all('SELECT ?', [moved()]), /detached/i],
      [() => db.all('SELECT ?', [moved()], { transfer: true }), 'transferred'],
      [() => db.batch('SELECT ?', [[moved()]], { transfer: true }), 'transferred'],
      [() => db.import(moved(), { transfer: true }), 'transferred'],
      [() => connect(moved()), /detached/i],
      [() => connect(5 as never), 'path'],
      [() => connect(':memory:', 5 as never), 'options'],
      [() => connect(':memory:', { allowDbpath: () => true } as never), 'options.allowDbpath'],
      [() => connect(':memory:', { worker: 5 } as never), 'options.worker'],
      [() => connect(':memory:', { worker: () => ({}) } as never), 'worker'],
      [() => connect(':memory:', { threads: 'x' } as never), 'options.threads'],
      [() => connect(':memory:', { sharedIndexes: 1 } as never), 'options.sharedIndexes'],
    ] as const)
      await refusedLater(run(), 'TypeError', ...tells)
    await refusedLater(connect(':memory:', { nonsense: 1 } as never), 'VEC_OPTION', 'nonsense')
    await refusedLater(db.all('SELECT 1', [], { row: 'x' } as never), 'VEC_OPTION', 'row')
    await refusedLater(db.all('SELECT 1', [], { rows: 'x' } as never), 'VEC_OPTION', 'x')
    await refusedLater(connect(':memory:', { threads: -1 }), 'RangeError', 'threads')
    const missing = connect(join(tmpdir(), 'a-folder-that-is-missing', 'app.sqlite'), {
      create: false,
    })
    await refusedLater(missing, 'SQLITE_CANTOPEN')
  })
})

class Mine extends Error {}
const thrown = (): Mine => new Mine('of the caller')
function* sync(rows: number, error: unknown): Generator<[number]> {
  for (let i = 0; i < rows; i++) yield [i]
  throw error
}
async function* later(rows: number, error: unknown): AsyncGenerator<[number]> {
  yield* sync(rows, error)
}

describe('errors of the caller', () => {
  test('come out of insertMany as they are, and leave nothing behind', async () => {
    await using db = await connect(':memory:')
    await db.exec('CREATE TABLE t(x)')
    for (const rows of [0, 3, 5000]) {
      for (const source of [sync, later]) {
        const error = thrown()
        const { stack } = error
        const given = db.insertMany('t', ['x'], source(rows, error))
        await assert.rejects(given, found => found === error)
        assert.equal(error.stack, stack)
      }
    }
    await assert.rejects(db.insertMany('t', ['x'], sync(1, 5)), found => found === 5)
    assert.equal(await db.get('SELECT count(*) FROM t', [], { rows: 'values' }), 0)
    assert.equal(await db.insertMany('t', ['x'], [[1]]), 1)
  })

  test('come out of a signal as they are', async () => {
    await using db = await connect(':memory:')
    await db.exec('CREATE TABLE t(x)')
    const endless =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n'
    const calls = [
      async (signal: AbortSignal) => db.get(endless, [], { signal }),
      async (signal: AbortSignal) => db.run(`INSERT INTO t ${endless}`, [], { signal }),
      async (signal: AbortSignal) => db.insertMany('t', ['x'], sync(1e9, 1), { signal }),
    ]
    for (const call of calls) {
      for (const isBefore of [true, false]) {
        const error = thrown()
        const { stack } = error
        const controller = new AbortController()
        if (isBefore) controller.abort(error)
        const given = call(controller.signal)
        controller.abort(error)
        await assert.rejects(given, found => found === error)
        assert.equal(error.stack, stack)
      }
    }
  })

  test('of a row that cannot be sent names the place of the call', async () => {
    await using db = await connect(':memory:')
    await db.exec('CREATE TABLE t(x)')
    const rows = [...Array.from({ length: 4000 }, (_, i) => [i] as const), [Symbol('s') as never]]
    const error = await refusedLater(db.insertMany('t', ['x'], rows), 'TypeError', 'row 4001[0]')
    assert.match(error.stack!, /errors\.test/)
  })
})
