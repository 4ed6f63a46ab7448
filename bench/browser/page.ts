// The page of the browser's bench: it starts workers, and measures how long it is held up while one searches.

import { importDatabase } from '../../src/entries/browser.ts'
import { connect } from '../../src/entries/worker.ts'
import { NEAREST, queriesFrom } from './workload.ts'

/** Searches of a page through connect(); times in milliseconds. */
export interface PageSearches {
  /** From the call on the page to its answer. */
  readonly searches: readonly number[]
  /** How late the latest timer of the page was, in each round of searches, and in as long a time without any. */
  readonly gaps: readonly number[]
  readonly idle: readonly number[]
}

/** What the bench calls in the page. */
export interface BenchPage {
  inWorker(task: string, path: string, seed: number): Promise<unknown>
  /** Rounds of `count` searches, one after the other. */
  searches(path: string, seed: number, rounds: number, count: number): Promise<PageSearches>
  /** Milliseconds to replace an empty database by the content of another, and the bytes of that. */
  imports(path: string): Promise<{ milliseconds: number; bytes: number }>
}

async function inWorker(task: string, path: string, seed: number): Promise<unknown> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  const answer = await new Promise<{ value?: unknown; error?: string }>((resolve, reject) => {
    worker.addEventListener('error', ({ message }) => {
      reject(new Error(`the worker failed: ${message}`))
    })
    worker.addEventListener('message', ({ data }) => {
      resolve(data as { value?: unknown; error?: string })
    })
    worker.postMessage({ task, path, seed })
  })
  worker.terminate()
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer.value
}

async function searches(
  path: string,
  seed: number,
  rounds: number,
  count: number,
): Promise<PageSearches> {
  await using db = await connect(path)
  const queries = queriesFrom(seed, 0, count)
  const times: number[] = []
  const round = async (): Promise<void> => {
    for (const query of queries) {
      const start = performance.now()
      await db.all(NEAREST, [query])
      times.push(performance.now() - start)
    }
  }
  await round()
  times.length = 0
  const [gaps, quiet]: [number[], number[]] = [[], []]
  for (let i = 0; i < rounds; i++) {
    const start = performance.now()
    gaps.push(await longestGap(round()))
    const duration = performance.now() - start
    quiet.push(await longestGap(new Promise(resolve => setTimeout(resolve, duration))))
  }
  return { searches: times, gaps, idle: quiet }
}

async function imports(path: string): Promise<{ milliseconds: number; bytes: number }> {
  const from = await connect(path)
  const content = await from.export()
  await from.close()
  const bytes = content.length
  await using db = await connect('imported.sqlite')
  const start = performance.now()
  await db.import(content, { transfer: true })
  return { milliseconds: performance.now() - start, bytes }
}

/** Browsers wait as long as this before a timer that a timer has set, five timers deep. */
const TIMER = 4

/**
 * How late the latest timer of this page was until the work ended, in milliseconds. Timers sleep between their turns: a loop
 * of messages would keep a core from the worker, and measure the garbage that it makes.
 */
async function longestGap(work: Promise<void>): Promise<number> {
  let longest = 0
  let last = performance.now()
  const turn = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last - TIMER)
    last = now
  }
  const timer = setInterval(turn, TIMER)
  await work
  turn()
  clearInterval(timer)
  return longest
}

const page: BenchPage = { inWorker, searches, imports }
Object.assign(globalThis, { page, importDatabase })
