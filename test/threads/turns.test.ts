import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { MOST_TURNS, Turns } from '../../src/accelerators/threads/turns.ts'

test('each turn of a task is taken once, the last one first', () => {
  const turns = new Turns()
  const task = turns.begin(5)
  assert.equal(turns.task, task)
  assert.deepEqual(
    Array.from({ length: 7 }, () => turns.take(task)),
    [4, 3, 2, 1, 0, -1, -1],
  )
})

test('nothing of a task can be taken or handed in once the next has begun', () => {
  const turns = new Turns()
  const first = turns.begin(3)
  assert.equal(turns.take(first), 2)
  const second = turns.begin(MOST_TURNS)
  assert.notEqual(first, second)
  assert.equal(turns.take(first), -1)
  assert.equal(turns.handIn(first, 2, 1), false)
  assert.equal(turns.handedInBy(2), -1)
  assert.equal(turns.take(second), MOST_TURNS - 1)
})

test('a turn is handed in by one thread', () => {
  const turns = new Turns()
  const task = turns.begin(2)
  assert.equal(turns.handedInBy(1), -1)
  assert.equal(turns.handIn(task, 1, 15), true)
  assert.equal(turns.handIn(task, 1, 0), false)
  assert.equal(turns.handedInBy(1), 15)
  assert.equal(turns.handIn(task, 0, 0), true)
  assert.equal(turns.handedInBy(0), 0)
})

test('numbers of tasks wrap around', () => {
  const turns = new Turns()
  const words = new Int32Array(turns.buffer)
  words[0] = 2 ** 26 - 1
  const task = turns.begin(3)
  assert.equal(task, 0)
  assert.equal(turns.take(task), 2)
  assert.equal(turns.handIn(task, 2, 4), true)
  assert.equal(turns.handedInBy(2), 4)
  assert.equal(turns.take(2 ** 26 - 1), -1)
})

test('threads that are up are counted', () => {
  const turns = new Turns()
  assert.equal(turns.up, 0)
  turns.setUp(1, true)
  turns.setUp(15, true)
  assert.equal(turns.up, 2)
  turns.setUp(1, false)
  assert.equal(turns.up, 1)
})

test('a thread that is roused before there is a task sleeps on, and wakes for the task', async t => {
  const turns = new Turns()
  const source = `import { parentPort, workerData } from 'node:worker_threads'
     import { Turns } from '${new URL('../../src/accelerators/threads/turns.js', import.meta.url).href}'
     const turns = new Turns(workerData)
     parentPort.postMessage('sleeps')
     turns.sleep(0)
     parentPort.postMessage(turns.task)`
  // By a data URL, Node and Deno take the text for a module; Bun runs the text as it is.
  const program = new URL(`data:text/javascript,${encodeURIComponent(source)}`)
  const sleeper =
    'bun' in process.versions
      ? new Worker(source, { eval: true, workerData: turns.buffer })
      : new Worker(program, { workerData: turns.buffer })
  t.after(async () => sleeper.terminate())
  assert.deepEqual(await once(sleeper, 'message'), ['sleeps'])
  const told = once(sleeper, 'message')
  for (let i = 0; i < 5; i++) {
    turns.rouse()
    assert.equal(await Promise.race([told, sleep(10)]), undefined)
  }
  const task = turns.begin(1)
  assert.deepEqual(await told, [task])
})
