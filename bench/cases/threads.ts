import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onAllCores } from '../cores.ts'
import type { Times } from '../measure.ts'
import { milliseconds, type Finding } from '../report.ts'
import { spread } from './search.ts'

/** What the process of this case measures; times in milliseconds. */
export interface ThreadTimes {
  readonly set: string
  readonly one: Times
  readonly two: Times
  /** A join of many queries, one call with all of them, and their number. */
  readonly batch: Times
  readonly together: Times
  readonly batchSize: number
  readonly peer: Times | undefined
  /** Answers of two threads that equal those of one. */
  readonly equal: number
  readonly checked: number
}

export interface ThreadOptions {
  readonly rounds: number
  readonly seed: number
  /** How many times as fast as sqlite-vec, with one thread and with two. */
  readonly one: number
  readonly two: number
}

const MOST_BATCH = 0.6

/** Searches with one thread and with two, on all cores. */
export function threadsCase(set: 'words' | 'sentences', options: ThreadOptions): Finding[] {
  const { rounds, seed } = options
  const script = fileURLToPath(new URL('threads-process.js', import.meta.url))
  const [command, args] = onAllCores([script, set, String(seed), String(rounds)])
  const output = execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const times = JSON.parse(output.toString()) as ThreadTimes
  return [
    againstPeer('one thread', times.one, times, options.one),
    againstPeer('two threads', times.two, times, options.two),
    ofBatch('in one join', times.batch, times),
    ofBatch('by queryManySync()', times.together, times),
    {
      what: 'answers of two threads equal to those of one, ids and scores in order',
      ours: `${times.equal} of ${times.checked}`,
      peer: '',
      ratio: '',
      floor: 'all',
      met: times.equal === times.checked,
    },
  ]
}

function ofBatch(how: string, batch: Times, { batchSize, one, set }: ThreadTimes): Finding {
  const perQuery = batch.median / batchSize
  const share = perQuery / one.median
  return {
    what: `${batchSize} queries ${how}, two threads, for each query: over one search with one thread, ${set}`,
    ours: milliseconds(perQuery),
    peer: `one thread ${milliseconds(one.median)}`,
    ratio: `${share.toFixed(2)}x`,
    floor: `${MOST_BATCH}x`,
    met: share <= MOST_BATCH,
  }
}

function againstPeer(what: string, own: Times, { peer, set }: ThreadTimes, floor: number): Finding {
  const faster = peer && peer.median / own.median
  return {
    what: `exact top-10 through SQL, ${what}, ${set}, against sqlite-vec`,
    ours: spread(own),
    peer: peer ? spread(peer) : 'not here',
    ratio: faster !== undefined ? `${faster.toFixed(1)}x faster` : '',
    floor: `${floor}x`,
    met: faster === undefined ? undefined : faster >= floor,
  }
}
