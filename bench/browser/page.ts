// The page of the browser's bench: it starts workers, and measures how long it is held up while one searches.

import { importDatabase } from '../../src/entries/browser.ts'
import { connect } from '../../src/entries/worker.ts'
import { ROWS, rowAt } from './workload.ts'

/** The longest time between two turns of the page's event loop, and between two frames, in milliseconds. */
export interface PageGaps {
  readonly turn: number
  readonly frame: number
  readonly perSearch: number
}

/** What the bench calls in the page. */
export interface BenchPage {
  inWorker(task: string, path: string, seed: number): Promise<unknown>
  searches(path: string, seed: number, count: number): Promise<PageGaps>
  /** The time that nothing runs, for comparison. */
  idle(milliseconds: number): Promise<PageGaps>
  /** Milliseconds to replace an empty database by the content of another, and the bytes of that. */
  imports(path: string): Promise<{ milliseconds: number; bytes: number }>
}

async function inWorker(task: string, path: string, seed: number): Promise<unknown> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  const answer = await new Promise<{ value?: unknown; error?: string }>(resolve => {
    worker.addEventListener('message', ({ data }) => {
      resolve(data as { value?: unknown; error?: string })
    })
    worker.postMessage({ task, path, seed })
  })
  worker.terminate()
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer.value
}

async function searches(path: string, seed: number, count: number): Promise<PageGaps> {
  await using db = await connect(path)
  const search = async (i: number): Promise<unknown> =>
    db.search('docs', { dataset: 'main', vector: rowAt(seed, ROWS + i), k: 10 })
  await search(0)
  const seen = watch()
  const start = performance.now()
  for (let i = 0; i < count; i++) await search(i)
  return { ...seen(), perSearch: (performance.now() - start) / count }
}

async function idle(milliseconds: number): Promise<PageGaps> {
  const seen = watch()
  await new Promise(resolve => setTimeout(resolve, milliseconds))
  return { ...seen(), perSearch: 0 }
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

/** Watches the event loop by messages to itself, and the frames, until the result is called. */
function watch(): () => { turn: number; frame: number } {
  const { port1, port2 } = new MessageChannel()
  let [turn, frame] = [0, 0]
  let last = performance.now()
  let lastFrame: number | undefined
  let isOver = false
  port1.addEventListener('message', () => {
    const now = performance.now()
    turn = Math.max(turn, now - last)
    last = now
    if (!isOver) port2.postMessage(0)
  })
  port1.start()
  port2.postMessage(0)
  const next = (now: number): void => {
    if (lastFrame !== undefined) frame = Math.max(frame, now - lastFrame)
    lastFrame = now
    if (!isOver) requestAnimationFrame(next)
  }
  requestAnimationFrame(next)
  return () => {
    isOver = true
    return { turn: Math.max(turn, performance.now() - last), frame }
  }
}

const page: BenchPage = { inWorker, searches, idle, imports }
Object.assign(globalThis, { page, importDatabase })
