import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { threads } from '../../src/accelerators/threads/threads.ts'
import type { Metric } from '../../src/core/metric.ts'
import { createExactIndex } from '../../src/index/kinds/exact/exact-index.ts'
import type { SearchRequest, VectorIndex } from '../../src/index/vector-index.ts'

/** What a search found, as one value to compare. */
export function foundBy(index: VectorIndex, request: SearchRequest): unknown {
  const { count, positions, upper, visited } = index.search(request)
  return { positions: positions.slice(0, count), upper: upper.slice(0, count), visited }
}

/** An index of codes whose rows threads can share, if there are more than one now. */
export function sharedIndex(metric: Metric, dim: number, expectedRows = 0): VectorIndex {
  const rows = Math.max(expectedRows, Math.ceil((2 << 20) / dim))
  const options = { metric, dim, expectedRows: rows, keepsVectors: false, kernels: 'simd' } as const
  return createExactIndex(options)
}

/** Starts so many threads beside this one, and has them help whatever it costs. */
export async function startThreads(helpers: number): Promise<void> {
  threads.size = helpers + 1
  threads.help = 'always'
  const index = sharedIndex('dot', 16, 8192)
  index.add(new Float32Array(8192 * 16).fill(1))
  for (let tries = 0; threads.running < helpers; tries++) {
    assert.ok(tries < 3000, `${threads.running} of ${helpers} threads have started`)
    index.search({ query: new Float32Array(16).fill(1), k: 1 })
    await setTimeout(10)
  }
  index.dispose()
}

/**
 * How many turns other threads have handed in of the search since `task` was the current one. A search that asks no thread
 * begins no task, and what the last one left still says who handed in its turns.
 */
export function turnsOfOthers(blocks: number, task: number): number {
  if (threads.turns.task === task) return 0
  let turns = 0
  for (let turn = 0; turn < blocks; turn++) if (threads.turns.handedInBy(turn) > 0) turns++
  return turns
}

/** Terminates these threads. They stop at any time until the caller awaits the results. */
export function terminated(workers: Worker[]): Promise<unknown>[] {
  return workers.splice(0).map(async worker => {
    const exit = once(worker, 'exit')
    void worker.terminate()
    return exit
  })
}
