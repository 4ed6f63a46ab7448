import type { Neighbor } from '../src/ui/contract.ts'
import { documentItem } from './document-item.ts'
import { button, count, el, fill, labelled } from './dom.ts'
import type { Session } from './session.ts'
import { attempt, say } from './status.ts'

const SHOWN = 40
const BLOCK = 50
/** Milliseconds from one list to the next, while more rows are looked at. */
const PAUSE = 500

/** Documents that are nearly the same as another, and those that are unlike all others: both by the nearest neighbour. */
export function neighborsPanel(session: Session): HTMLElement {
  const lists = el('div', {})
  const amount = el(
    'select',
    {},
    ...[
      ['500', '500 rows'],
      ['5000', '5,000 rows'],
      ['0', 'all rows'],
    ].map(([value, label]) => el('option', { value }, label)),
  )
  let running = 0

  async function look(): Promise<void> {
    const { place, map } = session
    if (place === undefined || map === undefined) return
    const run = ++running
    const wanted = Number(amount.value) || map.rows.length
    const step = Math.max(1, map.rows.length / wanted)
    const rows: number[] = []
    for (let at = 0; at < map.rows.length; at += step) rows.push(map.rows[Math.floor(at)])
    const found: Neighbor[] = []
    let shown = 0
    for (let at = 0; at < rows.length; at += BLOCK) {
      found.push(...(await session.source.call('neighbors', place, rows.slice(at, at + BLOCK))))
      if (run !== running || session.place !== place) return
      say(`looked at ${count(Math.min(rows.length, at + BLOCK))} of ${count(rows.length)} rows`)
      if (performance.now() - shown < PAUSE) continue
      show(found)
      shown = performance.now()
    }
    show(found)
    say(`looked at ${count(rows.length)} rows`)
  }

  function show(found: readonly Neighbor[]): void {
    const nearest = found.toSorted((a, b) => b.score - a.score)
    const seen = new Set<string>()
    const pairs = nearest.filter(({ row, nearest: other }) => {
      const key = [Math.min(row, other.row), Math.max(row, other.row)].join()
      return !seen.has(key) && seen.add(key)
    })
    fill(
      lists,
      el('h3', {}, 'Nearest pairs'),
      el(
        'ol',
        { className: 'results' },
        ...pairs
          .slice(0, SHOWN)
          .map(pair =>
            documentItem(session, pair, `${pair.score.toFixed(4)} to ${pair.nearest.id}`),
          ),
      ),
      el('h3', {}, 'Farthest from all others'),
      el(
        'ol',
        { className: 'results' },
        ...nearest
          .toReversed()
          .slice(0, SHOWN)
          .map(alone =>
            documentItem(session, alone, `${alone.score.toFixed(4)} to ${alone.nearest.id}`),
          ),
      ),
    )
  }

  session.on('place', () => {
    running++
    fill(lists)
  })
  return el(
    'div',
    {},
    el(
      'div',
      { className: 'tools' },
      labelled('Look at', amount),
      button('Look', () => attempt('looking for neighbours …', look), { id: 'look' }),
      button('Stop', () => running++),
    ),
    lists,
  )
}
