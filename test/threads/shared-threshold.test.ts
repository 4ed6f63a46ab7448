import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SharedThreshold } from '../../src/index/kinds/exact/threads/shared-threshold.ts'

const create = (): SharedThreshold =>
  new SharedThreshold(new SharedArrayBuffer(SharedThreshold.bytes), 0)

test('a threshold is never above what a thread knows, and close to it', () => {
  const threshold = create()
  for (const size of [0, 1e-320, 1e-45, 1e-38, 0.1, 1 / 3, 1, 16_777_217, 3.3e38, 1e39, 1e300]) {
    for (const least of [size, -size]) {
      threshold.begin(1, 3, least)
      const known = threshold.least(1)
      assert.ok(known <= least, `${known} for ${least}`)
      if (size > 1e-30 && size < 1e38) assert.ok(known >= least - size * 1e-6)
    }
  }
  threshold.begin(1, 3, -Infinity)
  assert.equal(threshold.least(1), -Infinity)
})

test('the most of all threads of a task counts, and nothing of other tasks', () => {
  const threshold = create()
  assert.equal(threshold.least(7), -Infinity)
  threshold.begin(7, 0, 0.25)
  threshold.begin(7, 1, 0.5)
  threshold.begin(6, 2, 4)
  assert.ok(Math.abs(threshold.least(7) - 0.5) < 1e-6)
  threshold.raise(2, 8)
  threshold.raise(0, 0.75)
  assert.ok(Math.abs(threshold.least(7) - 0.75) < 1e-6)
})
