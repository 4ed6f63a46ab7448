// The pauses between the steps of a save. A connection that waits for the file gets it after one step.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ATTEMPTS, pauseAfter } from '../../src/search/persistence/other-writers.ts'
import { seeded } from '../freshness/seeded.ts'
import { seededTest } from '../seed.ts'

interface Span {
  readonly from: number
  readonly to: number
}

/** When a connection that begins to wait at `from` finds the file free. */
function found(locks: readonly Span[], from: number): number {
  let at = from
  for (let attempt = 0; ; attempt++) {
    const now = at
    if (!locks.some(lock => lock.from <= now && now < lock.to)) return at
    at += ATTEMPTS[Math.min(attempt, ATTEMPTS.length - 1)]
  }
}

seededTest('STORE_SEED')(
  'a connection that waits for the file waits for one step of a save, never for two',
  (_t, seed) => {
    const random = seeded(seed)
    for (let round = 0; round < 200; round++) {
      const slowness = [5, 20, 60, 150, 500][round % 5]
      const locks: Span[] = []
      let at = 0
      for (let step = 0; step < 20; step++) {
        const locked = 1 + slowness * 2 * random()
        locks.push({ from: at, to: at + locked })
        at += locked + pauseAfter(locked)
      }
      for (let i = 0; i < 50; i++) {
        const step = Math.floor(19 * random())
        const { from, to } = locks[step]
        const began = from + (to - from) * random()
        const got = found(locks, began)
        assert.ok(
          got >= to && got < locks[step + 1].from,
          `begins to wait at ${began}, in ${from}..${to}; writes at ${got}; the next step begins at ${locks[step + 1].from}`,
        )
      }
    }
  },
)

test('a short step is followed by a short pause', () => {
  assert.equal(pauseAfter(0), 20)
  assert.equal(pauseAfter(20), 20)
  assert.ok(pauseAfter(50) <= 30)
  assert.ok(pauseAfter(10_000) <= 105)
})
