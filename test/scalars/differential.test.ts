import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { seededTest } from '../seed.ts'
import { answerOf, difference, openNativeEngine, type NativeEngine } from './both-engines.ts'
import { randomCalls } from './random-calls.ts'
import { SCHEMA, STATEMENTS, SUBQUERIES } from './statements.ts'

/** A run on its own may take more. */
const CALLS = Number(process.env['SCALAR_CALLS'] ?? 3000)

const native = openNativeEngine()
const skip = typeof native === 'string' ? native : false

describe('the functions of sqlite-vec', { skip }, () => {
  const theirs = native as NativeEngine
  let ours: Connection

  before(async () => {
    ours = await open(':memory:')
    for (const db of [theirs, ours]) db.exec(SCHEMA)
  })
  after(() => {
    theirs.close()
    ours.close()
  })

  test('the native engine is the release that the results are promised for', () => {
    assert.deepEqual(answerOf(theirs, 'SELECT vec_version()'), { rows: ['TEXT v0.1.9'] })
  })

  test('at least 400 different statements are compared', () => {
    assert.equal(new Set(STATEMENTS).size, STATEMENTS.length)
    assert.ok(STATEMENTS.length >= 400, String(STATEMENTS.length))
  })

  test('every statement gives the same rows, to the bit, or the same message', t => {
    const answers = STATEMENTS.map(sql => ({ sql, theirs: answerOf(theirs, sql) }))
    const failed = answers.filter(answer => 'error' in answer.theirs).length
    const different = answers.flatMap(answer => {
      const why = difference(answer.theirs, answerOf(ours, answer.sql))
      return why === undefined ? [] : [`${answer.sql}\n  ${why}`]
    })
    t.diagnostic(`${answers.length} statements compared, ${failed} of them errors`)
    // An oracle that refused everything, or nothing, would show nothing.
    assert.ok(failed > 300 && answers.length - failed > 300, String(failed))
    assert.equal(different.length, 0, `${different.length} different:\n${different.join('\n')}`)
  })
  test('subtypes of subqueries differ as those of JSON do: by the release of SQLite', () => {
    const json = "SELECT json_array((SELECT json('[1]')))"
    const byRelease = difference(answerOf(theirs, json), answerOf(ours, json)) !== undefined
    for (const sql of SUBQUERIES) {
      const why = difference(answerOf(theirs, sql), answerOf(ours, sql))
      assert.equal(why !== undefined, byRelease, `${sql}: ${why ?? 'the same'}`)
    }
  })
  seededTest('SCALAR_SEED')('random calls give the same, to the bit', t => {
    let refused = 0
    for (const sql of randomCalls(CALLS)) {
      const expected = answerOf(theirs, sql)
      if ('error' in expected) refused++
      const why = difference(expected, answerOf(ours, sql))
      if (why !== undefined) assert.fail(`${sql}\n  ${why}`)
    }
    t.diagnostic(`${CALLS} calls compared, ${refused} of them errors`)
    assert.ok(refused < CALLS * 0.7, String(refused))
  })
})
