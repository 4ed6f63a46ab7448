import type { FullDocument, Neighbors, Place } from '../src/ui/contract.ts'
import { documentItem } from './document-item.ts'
import { button, count, el, fill, labelled } from './dom.ts'
import { bestPairs, neighborsOfAll, neighborsOfSome, type Looking } from './row-neighbors.ts'
import type { Session } from './session.ts'
import { attempt, say } from './status.ts'

const SHOWN = 40

const AMOUNTS = [
  ['500', '500 rows'],
  ['5000', '5,000 rows'],
  ['all', 'all rows'],
  ['exact', 'all rows, exactly'],
]

/** Documents that are nearly the same as another, and those that are unlike all others: both by the nearest neighbour. */
export function neighborsPanel(session: Session): HTMLElement {
  const lists = el('div', {})
  const amount = el(
    'select',
    { id: 'amount' },
    ...AMOUNTS.map(([value, label]) => el('option', { value }, label)),
  )
  const step = el('span', {})
  const bar = el('progress', { max: 1, set: { 'aria-label': 'Progress of the lists' } })
  const progress = el(
    'div',
    { id: 'look-progress', className: 'tools', hidden: true },
    step,
    bar,
    button('Stop', () => stop(), { id: 'look-stop' }),
  )
  let looking: AbortController | undefined

  function stop(): void {
    looking?.abort()
    looking = undefined
    progress.hidden = true
  }

  async function look(): Promise<void> {
    const { place, map, source } = session
    if (place === undefined || map === undefined) return
    stop()
    const mine = new AbortController()
    looking = mine
    progress.hidden = false
    const { signal } = mine
    const task: Looking = {
      signal,
      progress(text, done) {
        if (signal.aborted) return
        // A person who listens hears of each step once.
        if (step.textContent !== text) say(text)
        step.textContent = text
        bar.value = done
      },
      found: async found => (signal.aborted ? undefined : show(place, found, 'so far')),
    }
    try {
      if (amount.value === 'all') {
        const { found, share, trials } = await neighborsOfAll(source, place, task)
        const how = `${(100 * share).toFixed(share === 1 ? 0 : 1)} % of ${count(trials)} rows that were tried got the nearest of all`
        if (!signal.aborted) await show(place, found, how)
      } else {
        const wanted = amount.value === 'exact' ? map.rows.length : Number(amount.value)
        const found = await neighborsOfSome(source, place, evenly(map.rows, wanted), task)
        if (!signal.aborted) await show(place, found, 'exact')
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      if (looking === mine) stop()
    }
  }

  async function show(place: Place, found: Neighbors, how: string): Promise<void> {
    const nearest = bestPairs(found, SHOWN, 1)
    const alone = bestPairs(found, SHOWN, -1)
    const rows = [...new Set([...nearest, ...alone].flatMap(pair => [pair.row, pair.nearest]))]
    const documents = await session.source.call('documents', place, rows, false)
    if (session.place !== place) return
    const documentOf = new Map(documents.map(document => [document.row, document]))
    say(`looked at ${count(found.rows.length)} rows`)
    fill(
      lists,
      el('p', { className: 'empty', id: 'looked' }, `${count(found.rows.length)} rows; ${how}`),
      el('h3', {}, 'Nearest pairs'),
      listOf(nearest, documentOf),
      el('h3', {}, 'Farthest from all others'),
      listOf(alone, documentOf),
    )
  }

  function listOf(
    pairs: ReturnType<typeof bestPairs>,
    documentOf: ReadonlyMap<number, FullDocument>,
  ): HTMLElement {
    return el(
      'ol',
      { className: 'results' },
      ...pairs.flatMap(({ row, nearest, score }) => {
        const [one, other] = [documentOf.get(row), documentOf.get(nearest)]
        // One of them may be gone meanwhile.
        if (one === undefined || other === undefined) return []
        return [documentItem(session, one, `${score.toFixed(4)} to ${other.id}`)]
      }),
    )
  }

  session.on('place', () => {
    stop()
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
    ),
    progress,
    lists,
  )
}

/** At most so many of the rows, from the first to the last. */
function evenly(rows: Float64Array, most: number): Float64Array {
  const wanted = Math.min(rows.length, most)
  return Float64Array.from(
    { length: wanted },
    (_, i) => rows[Math.floor((i * rows.length) / wanted)],
  )
}
