import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { open, type Connection } from '../../src/entries/main.ts'
import { noSqliteVec, openSqliteVec } from '../native-sqlite.ts'
import { seededTest } from '../seed.ts'
import { answerIn, answerOf, difference, recorded, type Recorded } from './both-engines.ts'
import { randomCalls } from './random-calls.ts'
import { SCHEMA, STATEMENTS, SUBQUERIES } from './statements.ts'

/** A run on its own may take more. */
const CALLS = Number(process.env['SCALAR_CALLS'] ?? 3000)

/** The answers of sqlite-vec 0.1.9. `SCALAR_RECORD=1 node scripts/test.mjs scalars/` writes them again. */
const ANSWERS = 'test/golden/sqlite-vec-0.1.9.json'

const skip = noSqliteVec()
const native = skip === false ? openSqliteVec(':memory:') : undefined

const ours: Connection = await open(':memory:')
ours.exec(SCHEMA)
after(() => {
  ours.close()
})

if (native) {
  native.exec(SCHEMA)
  if (process.env['SCALAR_RECORD'] === '1') {
    const lines = STATEMENTS.map(
      sql => `${JSON.stringify(sql)}: ${JSON.stringify(recorded(answerOf(native, sql)))}`,
    )
    writeFileSync(ANSWERS, `{\n${lines.join(',\n')}\n}\n`)
  }
}

describe('the recorded answers of sqlite-vec', () => {
  let answers: Readonly<Record<string, Recorded>>
  before(() => {
    answers = JSON.parse(readFileSync(ANSWERS, 'utf8')) as typeof answers
  })

  test('there is one for each of at least 400 different statements', () => {
    assert.equal(new Set(STATEMENTS).size, STATEMENTS.length)
    assert.ok(STATEMENTS.length >= 400, String(STATEMENTS.length))
    assert.deepEqual(Object.keys(answers), STATEMENTS)
  })

  test('every statement gives the same rows, to the bit, or the same message', t => {
    const failed = Object.values(answers).filter(answer => typeof answer === 'string').length
    const different = Object.entries(answers).flatMap(([sql, answer]) => {
      const why = difference(answerIn(answer), answerOf(ours, sql))
      return why === undefined ? [] : [`${sql}\n  ${why}`]
    })
    t.diagnostic(`${STATEMENTS.length} statements compared, ${failed} of them errors`)
    // An oracle that refused everything, or nothing, would show nothing.
    assert.ok(failed > 300 && STATEMENTS.length - failed > 300, String(failed))
    assert.equal(different.length, 0, `${different.length} different:\n${different.join('\n')}`)
  })
})

describe('sqlite-vec itself', { skip }, () => {
  const theirs = native!
  after(() => theirs.close())

  test('is the release whose answers are recorded, and gives them', () => {
    assert.deepEqual(answerOf(theirs, 'SELECT vec_version()'), { rows: ['TEXT v0.1.9'] })
    const now = STATEMENTS.map(sql => [sql, recorded(answerOf(theirs, sql))])
    assert.deepEqual(Object.fromEntries(now), JSON.parse(readFileSync(ANSWERS, 'utf8')))
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
