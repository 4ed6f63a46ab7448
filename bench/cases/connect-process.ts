// Searches through connect() and prints what the calling thread notices: `node connect-process.js seed rounds`.
// A process of its own, because the bench itself keeps to one core.

import { connect, type AsyncDatabase } from '../../src/entries/worker.ts'
import { queryOf, wordSet } from '../data/sets.ts'
import { summarize } from '../measure.ts'
import type { ConnectTimes } from './connect.ts'
import { NEAREST } from './nearest.ts'
import { loadOurs } from './tables.ts'

/** How many searches are asked at a time, and how often in each round. */
const AT_ONCE = 4
const TURNS = 25

const [seed, rounds] = process.argv.slice(2).map(Number)
const set = wordSet(seed)
const { db, path } = await loadOurs(set, 'connect.sqlite')
db.pragma('journal_mode = WAL')
const expected = Array.from({ length: AT_ONCE }, (_, i) => db.prepare(NEAREST).all(queryOf(set, i)))
// Saves the index: each reader reads it.
db.close()

const plain = await connect(path)
const one = await connect(path, { threads: 1 })
const two = await connect(path, { threads: 2 })
let equal = 0
for (const clients of [plain, one, two]) {
  const answers = await searches(clients, 0)
  if (JSON.stringify(answers) === JSON.stringify(expected)) equal++
}

const alone: number[] = []
const together: number[] = []
const plainGaps: number[] = []
const gaps: number[] = []
const idle: number[] = []
for (let round = 0; round < rounds; round++) {
  alone.push(await perSearch(one))
  const seenBeside = watchGaps()
  await perSearch(plain)
  plainGaps.push(seenBeside())
  const seen = watchGaps()
  together.push(await perSearch(two))
  gaps.push(seen())
  const quiet = watchGaps()
  await new Promise(resolve => setTimeout(resolve, together.at(-1)! * AT_ONCE * TURNS))
  idle.push(quiet())
}
const found: ConnectTimes = {
  one: summarize(alone),
  two: summarize(together),
  plainGap: summarize(plainGaps),
  gap: summarize(gaps),
  idle: summarize(idle),
  equal,
}
process.stdout.write(JSON.stringify(found))
await plain.close()
await one.close()
await two.close()

async function searches(client: AsyncDatabase, from: number): Promise<unknown[]> {
  return Promise.all(
    Array.from({ length: AT_ONCE }, async (_, i) => client.all(NEAREST, [queryOf(set, from + i)])),
  )
}

/** Milliseconds of this clock for each search. */
async function perSearch(client: AsyncDatabase): Promise<number> {
  const start = performance.now()
  for (let turn = 0; turn < TURNS; turn++) await searches(client, turn * AT_ONCE)
  return (performance.now() - start) / (TURNS * AT_ONCE)
}

/** How late the latest of many timers of 1 ms was, in milliseconds, when the result is called. */
function watchGaps(): () => number {
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last - 1)
    last = now
  }, 1)
  return () => {
    clearInterval(timer)
    return Math.max(longest, performance.now() - last - 1)
  }
}
