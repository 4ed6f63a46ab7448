import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventLoopPace } from '../../../src/search/memory/pace.ts'

/** Bun names nothing that keeps a process alive. */
function silent(): string | false {
  const before = process.getActiveResourcesInfo().length
  const timer = setTimeout(() => {}, 100_000)
  const told = process.getActiveResourcesInfo().length > before
  clearTimeout(timer)
  return told ? false : 'this runtime does not tell what keeps a process alive'
}

test(
  'a program that has finished ends while parts of the work are left',
  { skip: silent() },
  () => {
    const before = process.getActiveResourcesInfo().length
    const kept = Array.from({ length: 32 }, () => {
      const cancel = eventLoopPace.later(() => {})
      const pending = process.getActiveResourcesInfo().length - before
      cancel()
      return pending
    })
    const free = kept.flatMap((pending, i) => (pending === 0 ? [i] : []))
    assert.equal(free.length, 4)
    assert.ok(free.every((at, i) => i === 0 || at - free[i - 1] === 8))
    assert.equal(process.getActiveResourcesInfo().length, before)
  },
)

test('parts run one after the other, though nothing else turns the event loop', async () => {
  let parts = 0
  await new Promise<void>(resolve => {
    const alive = setInterval(() => {}, 100_000)
    const part = (): void => {
      if (++parts < 20) eventLoopPace.later(part)
      else {
        clearInterval(alive)
        resolve()
      }
    }
    eventLoopPace.later(part)
  })
  assert.equal(parts, 20)
})
