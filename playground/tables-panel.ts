import type { TableDescription } from '../src/entries/vec.ts'
import type { Diagnostic, FileDescription } from '../src/entries/vecadmin.ts'
import { button, count, el, fill, size } from './dom.ts'
import type { Session } from './session.ts'
import { attempt, say } from './status.ts'

const MARKS = { ok: '✓', info: 'i', warning: '!', error: '✕' } as const

/** The tables and datasets of the file, the facts about the chosen one, and its health. */
export function tablesPanel(session: Session, file: FileDescription): HTMLElement {
  const list = el('div', { className: 'datasets' })
  const facts = el('dl', { className: 'facts' })
  const health = el('div', { id: 'findings' })
  const { source } = session

  function datasetButton(
    table: TableDescription,
    name: string,
    rows: number,
    more: string,
  ): HTMLElement {
    const entry = button(
      '',
      () => attempt(`reading ${name} …`, () => session.open({ table: table.name, dataset: name })),
      {
        className: 'dataset',
      },
    )
    entry.append(el('b', {}, name), el('small', {}, `${count(rows)} rows${more}`))
    session.on('place', () => {
      const isCurrent = session.place?.table === table.name && session.place.dataset === name
      entry.setAttribute('aria-pressed', String(isCurrent))
    })
    return entry
  }

  for (const table of file.tables) {
    const options = [
      table.metric,
      table.text && 'words',
      table.declared.length > 0 && `${table.declared.length} columns`,
    ]
    list.append(
      el('h3', {}, table.name, el('small', {}, ` ${options.filter(Boolean).join(' · ')}`)),
      ...table.datasets.map(({ name, rows = 0, dim, model }) =>
        datasetButton(
          table,
          name,
          rows,
          `${dim === undefined ? '' : ` × ${dim}`}${model === undefined ? '' : ` · ${model}`}`,
        ),
      ),
    )
    if (table.problem !== undefined) list.append(el('p', { className: 'trouble' }, table.problem))
    else if (table.datasets.length === 0)
      list.append(el('p', { className: 'empty' }, 'no documents'))
  }

  session.on('place', () => {
    fill(health)
    fill(facts)
  })
  session.on('shown', () => {
    const { place } = session
    if (place === undefined) return
    void source.call('stats', place).then(
      found => {
        if (session.place !== place) return
        fill(
          facts,
          ...found.flatMap(({ topic, op }) => [
            el('dt', {}, topic.replaceAll('-', ' ')),
            el('dd', {}, factOf(topic, op)),
          ]),
        )
      },
      () => undefined,
    )
  })

  async function examine(word: 'check' | 'repair'): Promise<void> {
    const { place } = session
    if (place === undefined) return
    const found = await source.call(word, place.table)
    showFindings(word, found)
    if (word === 'check') return
    await session.open(place)
    showFindings(word, found)
  }

  function showFindings(word: 'check' | 'repair', found: readonly Diagnostic[]): void {
    const problems = found.filter(({ severity }) => severity === 'warning' || severity === 'error')
    const summary =
      problems.length === 0
        ? 'no problem found'
        : `${problems.length} of ${found.length} findings need attention`
    say(`${word}: ${summary}`)
    fill(
      health,
      el('p', { className: problems.length === 0 ? 'good' : 'trouble' }, summary),
      el(
        'ul',
        { className: 'findings' },
        ...found.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]).map(findingItem),
      ),
    )
    if (word === 'check' && problems.length > 0 && source.writable)
      health.append(
        button('Repair', () => attempt('repairing …', () => examine('repair')), { id: 'repair' }),
      )
    if (word === 'check' && problems.length > 0 && !source.writable)
      health.append(
        el('p', { className: 'empty' }, 'To repair, start the page with svec ui --write.'),
      )
  }

  return el(
    'nav',
    { id: 'tables', set: { 'aria-label': 'Tables' } },
    el('h2', {}, 'Tables'),
    list,
    el('h2', {}, 'Dataset'),
    facts,
    el('h2', {}, 'Health'),
    button('Check', () => attempt('checking …', () => examine('check')), { id: 'check' }),
    health,
    el(
      'p',
      { className: 'empty' },
      `${size(file.pages * file.pageSize)} · ${file.journalMode} · SQLite ${file.versions.sqlite} · sqlite-vec-ts ${file.versions.package}`,
    ),
  )
}

const RANK = { error: 0, warning: 1, info: 2, ok: 3 } as const

function findingItem({ severity, dataset, op, fix }: Diagnostic): HTMLElement {
  return el(
    'li',
    { className: severity },
    el(
      'span',
      { className: 'mark', set: { role: 'img', 'aria-label': severity } },
      MARKS[severity],
    ),
    el(
      'span',
      {},
      dataset === undefined ? op : `${dataset}: ${op}`,
      fix !== undefined && el('code', {}, fix),
    ),
  )
}

/** "memory: 1234 bytes" is a fact under the name memory. */
function factOf(topic: string, op: string): string {
  const fact = op.slice(op.indexOf(':') + 1).trim()
  const bytes = /^(\d+) bytes$/.exec(fact)
  return topic === 'memory' && bytes !== null ? size(Number(bytes[1])) : fact
}
