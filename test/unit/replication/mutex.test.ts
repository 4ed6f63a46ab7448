import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Mutex } from '../../../src/replication/mutex.ts'

test('work runs one at a time in order, and a failure stops no other', async () => {
  const mutex = new Mutex()
  const log: string[] = []
  const work = (name: string, turns: number) => async (): Promise<string> => {
    log.push(`${name} begins`)
    for (let i = 0; i < turns; i++) await Promise.resolve()
    log.push(`${name} ends`)
    if (name === 'b') throw new Error('b fails')
    return name
  }
  const results = await Promise.allSettled([
    mutex.run(work('a', 5)),
    mutex.run(work('b', 3)),
    mutex.run(work('c', 0)),
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})
