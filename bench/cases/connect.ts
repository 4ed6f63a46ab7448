import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { onAllCores } from '../cores.ts'
import type { Times } from '../measure.ts'
import { milliseconds, type Finding } from '../report.ts'
import { spread } from './search.ts'

/** What the process of this case measures; times in milliseconds. */
export interface ConnectTimes {
  /** For each search, with one reader and with two. */
  readonly one: Times
  readonly two: Times
  /** The longest stall of the calling thread in each round: while one worker searches, while two readers do, and while nothing runs. */
  readonly plainGap: Times
  readonly gap: Times
  readonly idle: Times
  /** Clients whose answers equal those of one connection, of three. */
  readonly equal: number
}

const LONGEST_GAP = 5
const LEAST_GAIN = 1.6

/** Searches through connect(), four at a time. */
export function connectCase(seed: number, rounds: number): Finding[] {
  const script = fileURLToPath(new URL('connect-process.js', import.meta.url))
  const [command, args] = onAllCores([script, String(seed), String(rounds)])
  const output = execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const { one, two, plainGap, gap, idle, equal } = JSON.parse(output.toString()) as ConnectTimes
  const gain = one.median / two.median
  return [
    {
      what: 'four searches at a time through connect(), two readers, each search: against one reader',
      ours: spread(two),
      peer: `one reader ${spread(one)}`,
      ratio: `${gain.toFixed(2)}x faster`,
      floor: `${LEAST_GAIN}x`,
      met: gain >= LEAST_GAIN,
    },
    ...(
      [
        ['one worker of connect(path) answers', plainGap],
        ['two readers of connect(path, { threads: 2 }) answer', gap],
      ] as const
    ).map(([workers, longest]) => ({
      what: `longest stall of the calling thread while ${workers} four searches at a time, in each of ${longest.runs} rounds of 100`,
      ours: `half at most ${milliseconds(longest.median)}, worst ${milliseconds(longest.max)}`,
      peer: `nothing running: half at most ${milliseconds(idle.median)}, worst ${milliseconds(idle.max)}`,
      ratio: '',
      floor: `${LONGEST_GAP} ms`,
      met: longest.max <= LONGEST_GAP,
    })),
    {
      what: 'clients whose answers equal those of one connection',
      ours: `${equal} of 3`,
      peer: '',
      ratio: '',
      floor: 'all',
      met: equal === 3,
    },
  ]
}
