import assert from 'node:assert/strict'
import { cpus } from 'node:os'
import { test } from 'node:test'
import { elsewhere } from '../../bench/cores.ts'
import { drawMixture } from '../../bench/data/sets.ts'
import { interleave, summarize } from '../../bench/measure.ts'
import { Oracle } from '../../bench/peers/oracle.ts'
import { milliseconds } from '../../bench/report.ts'

test('a summary holds median, extremes and p95', () => {
  const times = Array.from({ length: 100 }, (_, i) => 100 - i)
  assert.deepEqual(summarize(times), { median: 51, min: 1, max: 100, p95: 96, runs: 100 })
})

test('contenders run by turns, each with queries of its own', () => {
  const log: string[] = []
  const run =
    (name: string) =>
    (i: number): void =>
      void log.push(`${name}${i}`)
  const times = interleave(
    [
      { name: 'a', perRound: 2, run: run('a') },
      { name: 'b', perRound: 1, run: run('b') },
    ],
    2,
  )
  assert.deepEqual(log, ['a0', 'a1', 'b0', 'a2', 'a3', 'b1'])
  assert.equal(times.get('a')?.runs, 4)
})

test('times are given in the unit that reads best', () => {
  assert.deepEqual([0.0123, 0.345, 6.789, 123.4].map(milliseconds), [
    '12.3 µs',
    '345 µs',
    '6.79 ms',
    '123.4 ms',
  ])
})

test('the oracle ranks by cosine, equal ones by the bytes of their ids', () => {
  const oracle = new Oracle({
    name: 'four',
    key: 'four',
    dim: 2,
    ids: ['z', 'ä', 'a', 'far'],
    rows: Float32Array.of(1, 1, 2, 2, 4, 4, -1, 0),
    queries: Float32Array.of(3, 3),
    queryCount: 1,
  })
  assert.deepEqual(oracle.nearest(0, 3), ['a', 'z', 'ä'])
  assert.deepEqual(oracle.nearest(0, 9), ['a', 'z', 'ä', 'far'])
})

test('a seed draws the same mixture again', () => {
  const rows = drawMixture(7, 50, 4)
  assert.deepEqual(rows, drawMixture(7, 50, 4))
  assert.notDeepEqual(rows, drawMixture(8, 50, 4))
  assert.equal(rows.length, 200)
  assert.ok(rows.every(Number.isFinite))
})

test('a child runs on other cores than this process, where there are others', () => {
  const [command, args] = elsewhere(0, ['script.js', 'x'])
  assert.deepEqual(args.slice(-2), ['script.js', 'x'])
  if (cpus().length === 1) assert.equal(command, process.execPath)
  else
    assert.deepEqual([command, args[0], args[1].split(',').includes('0')], ['taskset', '-c', false])
  assert.deepEqual(elsewhere(undefined, ['script.js']), [process.execPath, ['script.js']])
})
