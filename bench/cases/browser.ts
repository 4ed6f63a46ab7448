import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { noChromium } from '../../test/runtimes/chromium.ts'
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
  /** One search over a file: in the worker of a browser, and from its page through connect(). */
  readonly browser: Times
  readonly page: Times
  /** One search in Node, with all its threads and with one. */
  readonly node: Times
  readonly nodeAlone: Times
  readonly reopened: Reopened
  readonly nodeReopened: Reopened
  /** How late the latest timer of the page was in each round, while it searches and while nothing runs. */
  readonly gap: Times
  readonly idle: Times
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
  const { version, equal, checked, browser, reopened, nodeReopened, gap, idle } = times
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
    againstNode('one search in a worker, file in OPFS', browser, times.node, 'Node'),
    againstNode('same, against one thread', browser, times.nodeAlone, 'Node, one thread'),
    againstNode('one search of a page, through connect()', times.page, times.node, 'Node'),
    {
      what: 'after a reload: from open() to the first answer, with the saved index',
      ours: `${milliseconds(reopened.milliseconds)}, of which the search ${milliseconds(reopened.firstSearch)}`,
      peer: `Node ${milliseconds(nodeReopened.milliseconds)}`,
      ratio: '',
      floor: `${REOPENED} ms`,
      met: reopened.milliseconds <= REOPENED,
    },
    {
      what: `latest timer of the page while connect() answers 1,000 searches, in each of ${gap.runs} rounds`,
      ours: `half at most ${milliseconds(gap.median)}, worst ${milliseconds(gap.max)}`,
      peer: `nothing running: half at most ${milliseconds(idle.median)}, worst ${milliseconds(idle.max)}`,
      ratio: '',
      floor: `${LONGEST_GAP} ms`,
      met: gap.max <= LONGEST_GAP,
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

function againstNode(what: string, ours: Times, node: Times, name: string): Finding {
  const ratio = ours.median / node.median
  return {
    what,
    ours: spread(ours),
    peer: `${name} ${spread(node)}`,
    ratio: `${ratio.toFixed(2)}x the time`,
    floor: `${MOST_AGAINST_NODE}x`,
    met: ratio <= MOST_AGAINST_NODE,
  }
}
