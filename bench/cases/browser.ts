import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { noChromium } from '../../test/runtimes/chromium.ts'
import type { PageGaps } from '../browser/page.ts'
import type { Reopened } from '../browser/workload.ts'
import { onAllCores } from '../cores.ts'
import type { Times } from '../measure.ts'
import { milliseconds, type Finding } from '../report.ts'
import { spread } from './search.ts'

/** What the process of this case measures; times in milliseconds. */
export interface BrowserTimes {
  readonly version: string
  /** Searches whose results equal those of a scan in double precision, of `checked`. */
  readonly equal: number
  readonly checked: number
  /** One search, in the worker of a browser over a file, and in Node. */
  readonly browser: Times
  readonly node: Times
  readonly reopened: Reopened
  readonly nodeReopened: Reopened
  readonly gaps: PageGaps
  readonly idle: PageGaps
  readonly imported: { readonly milliseconds: number; readonly bytes: number }
}

const MOST_AGAINST_NODE = 2
const REOPENED = 600
const LONGEST_GAP = 20

/** 100,000 x 384 in a file of Chromium, against the same build in Node. */
export function browserCase(seed: number): Finding[] {
  if (noChromium !== false) {
    console.log(`browser: left out, ${noChromium}`)
    return []
  }
  const script = fileURLToPath(new URL('browser-process.js', import.meta.url))
  const [command, args] = onAllCores([script, String(seed)])
  const output = execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const times = JSON.parse(output.toString()) as BrowserTimes
  const { version, equal, checked, browser, node, reopened, nodeReopened, gaps, idle } = times
  const ratio = browser.median / node.median
  const { milliseconds: importing, bytes } = times.imported
  return [
    {
      what: `searches equal to a scan in double precision, Chromium ${version}`,
      ours: `${equal} of ${checked}`,
      peer: '',
      ratio: '',
      floor: 'all',
      met: equal === checked,
    },
    {
      what: 'one search in a worker, file in OPFS: against Node',
      ours: spread(browser),
      peer: `Node ${spread(node)}`,
      ratio: `${ratio.toFixed(2)}x the time`,
      floor: `${MOST_AGAINST_NODE}x`,
      met: ratio <= MOST_AGAINST_NODE,
    },
    {
      what: 'after a reload: from open() to the first answer, with the saved index',
      ours: `${milliseconds(reopened.milliseconds)}, of which the search ${milliseconds(reopened.firstSearch)}`,
      peer: `Node ${milliseconds(nodeReopened.milliseconds)}`,
      ratio: '',
      floor: `${REOPENED} ms`,
      met: reopened.milliseconds <= REOPENED,
    },
    {
      what: 'longest turn of the page while connect() answers 1,000 searches',
      ours: `${milliseconds(gaps.turn)}; between two frames ${milliseconds(gaps.frame)}; each search ${milliseconds(gaps.perSearch)}`,
      peer: `nothing running: ${milliseconds(idle.turn)}; between two frames ${milliseconds(idle.frame)}`,
      ratio: '',
      floor: `${LONGEST_GAP} ms`,
      met: gaps.turn <= LONGEST_GAP,
    },
    {
      what: `import() of ${Math.round(bytes / 1e6)} MB into a file`,
      ours: milliseconds(importing),
      peer: '',
      ratio: '',
      floor: '',
      met: undefined,
    },
  ]
}
