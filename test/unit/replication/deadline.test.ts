import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoff, pause, withDeadline } from '../../../src/replication/deadline.ts'
import { refusedLater } from '../../refusal.ts'

const never = new Promise<never>(() => undefined)
const LONG = 60_000

const giveUp = (): never => assert.fail('given up')

test('work in time gives its result or its error, and nothing is given up', async () => {
  assert.equal(await withDeadline(Promise.resolve(5), LONG, 'x', giveUp), 5)
  const failing = Promise.reject(new Error('its own'))
  await assert.rejects(withDeadline(failing, LONG, 'x', giveUp), /its own/)
})

test('work that takes too long is given up, by name and limit', async () => {
  let givenUp = 0
  await refusedLater(
    withDeadline(never, 5, 'reading', () => givenUp++),
    'SYNC_TIMEOUT',
    'reading',
    5,
  )
  assert.equal(givenUp, 1)
})

test('a connection that closes ends the wait, also one that is closed already', async () => {
  const closing = new AbortController()
  const waiting = withDeadline(never, LONG, 'reading', () => undefined, closing.signal)
  closing.abort(new Error('socket hang up'))
  const told = ['SYNC_TRANSPORT', 'reading', 'socket hang up'] as const
  await refusedLater(waiting, ...told)
  await refusedLater(
    withDeadline(never, LONG, 'reading', () => undefined, closing.signal),
    ...told,
  )
})

test('an abort ends a pause at once and without an error', async () => {
  const aborting = new AbortController()
  const paused = pause(LONG, aborting.signal)
  aborting.abort()
  await paused
  await pause(LONG, aborting.signal)
  await pause(1)
})

test('waits between attempts double from 100 ms to 30 s, each between half and all of it', () => {
  for (const [attempt, most] of [
    [0, 100],
    [1, 200],
    [5, 3200],
    [9, 30_000],
    [1e6, 30_000],
  ]) {
    for (let i = 0; i < 50; i++) {
      const wait = backoff(attempt)
      assert.ok(wait >= most / 2 && wait <= most, `${attempt}: ${wait}`)
    }
  }
})
