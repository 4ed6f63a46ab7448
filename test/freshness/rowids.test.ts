import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RowidGuess } from '../../src/search/query/rowid-guess.ts'
import { inBothSizes } from './scene.ts'

inBothSizes('rows that exchange ids, or get other rowids, are found as they are', scene => {
  scene.check()
  for (const [from, to] of [
    ['d1', 'x'],
    ['d2', 'd1'],
    ['x', 'd2'],
  ]) {
    scene.run(`UPDATE _vec_docs SET id = '${to}' WHERE dataset_id = 'a' AND id = '${from}'`)
  }
  scene.check()
  scene.run('UPDATE _vec_docs SET rowid = rowid + 1000000')
  scene.check()
  scene.run('UPDATE _vec_docs SET rowid = -rowid')
  scene.check()
  scene.run("DELETE FROM _vec_docs WHERE dataset_id = 'a' AND id = 'd3'")
  scene.put('d3', scene.near())
  scene.check()
})

test('a rowid is guessed by those of rows nearby', () => {
  const guess = new RowidGuess()
  assert.equal(guess.at(5), undefined)
  guess.learn(5, 105, undefined)
  assert.equal(guess.at(7), 107)
  guess.learn(7, 107, 107)
  // Farther rows have another distance, and each block keeps its own.
  assert.equal(guess.at(5000), 5100)
  guess.learn(5000, 5200, 5100)
  assert.equal(guess.at(9), undefined, 'a look-up without a guess follows a wrong one')
  assert.equal(guess.at(9), 109)
  assert.equal(guess.at(5001), 5201)
  assert.equal(guess.at(90_000), 90_200)
})

test('wrong guesses become few', () => {
  const guess = new RowidGuess()
  let guesses = 0
  for (let position = 0; position < 10_000; position++) {
    const rowid = position * 7
    const guessed = guess.at(position)
    if (guessed !== undefined) guesses++
    guess.learn(position, rowid, guessed)
  }
  assert.ok(guesses < 300, `${guesses} of 10,000 rows were guessed`)
  // A rowid that is no exact number teaches nothing.
  const other = new RowidGuess()
  other.learn(1, 2 ** 60, undefined)
  other.learn(2, NaN, undefined)
  assert.equal(other.at(3), undefined)
  other.learn(3, Number.MAX_SAFE_INTEGER, undefined)
  assert.equal(other.at(4), undefined)
})
