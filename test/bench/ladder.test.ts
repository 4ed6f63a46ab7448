import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timeAt, type Ladder } from '../../bench/ladder.ts'

const ladder: Ladder = {
  name: 'peer',
  steps: [
    { effort: 20, recall: 0.9, time: 1 },
    { effort: 50, recall: 0.99, time: 4 },
    { effort: 100, recall: 1, time: 9 },
  ],
}

test('the time of a peer between two steps follows the logarithms of what is missed', () => {
  const { time, what } = timeAt(ladder, 1 - Math.sqrt(0.1 * 0.01))!
  assert.ok(Math.abs(time - 2) < 1e-9, String(time))
  assert.equal(what, 'peer between ef 20 (0.9000) and 50 (0.9900)')
})

test('below its first step and from a step that misses nothing, a peer has the time of that step', () => {
  assert.deepEqual(timeAt(ladder, 0.5), { time: 1, what: 'peer ef 20, recall 0.9000' })
  assert.deepEqual(timeAt(ladder, 0.995), { time: 9, what: 'peer ef 100, recall 1.0000' })
})

test('a peer that finds less with any effort has no time', () => {
  assert.equal(timeAt({ name: 'peer', steps: ladder.steps.slice(0, 2) }, 0.995), undefined)
})
