import type { SearchMode, SearchRequest } from '../src/ui/contract.ts'
import { button, duration, el, fill } from './dom.ts'
import type { Session } from './session.ts'
import { attempt } from './status.ts'

const MODES: readonly (readonly [SearchMode, string])[] = [
  ['exact', 'exact'],
  ['recall', 'recall 0.98'],
  ['hybrid', 'words and vector'],
]
const RUNS = 5

/** The same query by each way to rank, side by side: what it finds, and how long it takes. */
export function comparePanel(
  session: Session,
  request: (mode: SearchMode) => Promise<SearchRequest>,
): HTMLElement {
  const table = el('div', { id: 'comparison' })
  async function compare(): Promise<void> {
    const { place } = session
    if (place === undefined) return
    const answers = []
    for (const [mode] of MODES) {
      const asked = { ...(await request(mode)), k: 10, runs: RUNS }
      answers.push(await session.source.call('search', place, asked))
    }
    if (session.place !== place) return
    const exact = new Set(answers[0].hits.map(({ row }) => row))
    const columns = answers.map(({ hits, milliseconds, note }, i) => {
      const same = hits.filter(({ row }) => exact.has(row)).length
      return el(
        'div',
        {},
        el('h3', {}, MODES[i][1]),
        el(
          'p',
          {},
          el('b', {}, duration(milliseconds)),
          i > 0 && ` · ${same} of ${exact.size} as exact`,
        ),
        note !== undefined && el('p', { className: 'empty' }, note),
        el(
          'ol',
          {},
          ...hits.map(({ row, id }) =>
            el('li', { className: exact.has(row) ? '' : 'differs' }, id),
          ),
        ),
      )
    })
    fill(table, ...columns)
  }
  session.on('place', () => fill(table))
  return el(
    'div',
    {},
    el(
      'p',
      { className: 'empty' },
      `Runs the search above in each way, ${RUNS} times, and shows the fastest.`,
    ),
    button('Compare', () => attempt('comparing …', compare), { id: 'compare' }),
    table,
  )
}
