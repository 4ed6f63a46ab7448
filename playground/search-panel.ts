import type { SearchMode, SearchRequest } from '../src/ui/contract.ts'
import { comparePanel } from './compare-panel.ts'
import { documentItem } from './document-item.ts'
import { documentPanel } from './document-panel.ts'
import { button, count, duration, el, fill, labelled } from './dom.ts'
import { neighborsPanel } from './neighbors-panel.ts'
import { selectionPanel } from './selection-panel.ts'
import type { Session } from './session.ts'
import { attempt, say } from './status.ts'
import { Tabs } from './tabs.ts'
import { readTerms } from './terms.ts'

const COUNTS = ['10', '25', '100'] as const

/** Searches the dataset: by words, a vector, or the vector of a document, among those that match the filter. */
export function searchPanel(session: Session): HTMLElement {
  const input = el('input', {
    type: 'search',
    id: 'query',
    placeholder: 'words, or a vector: [0.1, 0.2, …]',
    autocomplete: 'off',
    spellcheck: false,
  })
  const mode = el(
    'select',
    { id: 'mode' },
    el('option', { value: 'exact' }, 'exact'),
    el('option', { value: 'recall' }, 'recall 0.98'),
    el('option', { value: 'hybrid' }, 'words and vector'),
    el('option', { value: 'text' }, 'words'),
  )
  const k = el('select', { id: 'k' }, ...COUNTS.map(each => el('option', {}, each)))
  const modeNote = el('p', { id: 'mode-note', className: 'empty', set: { 'aria-live': 'polite' } })
  const chips = el('div', { id: 'chips' })
  const summary = el('p', { id: 'summary', set: { 'aria-live': 'polite' } })
  const list = el('ol', { className: 'results', id: 'results' })
  const results = el('div', {}, summary, list)

  async function request(ranking: SearchMode): Promise<SearchRequest> {
    const terms = readTerms(input.value)
    const { embedder, like } = session
    const isEmbedded = terms.text !== undefined && like === undefined && ranking !== 'text'
    const vector =
      embedder !== undefined && isEmbedded
        ? Array.from(await embedder.embed(terms.text))
        : terms.vector
    return {
      mode: ranking,
      text: terms.text,
      vector,
      like: like?.row,
      filter: session.filter,
      k: Number(k.value),
    }
  }

  async function search(): Promise<void> {
    const { place } = session
    if (place === undefined) return
    // An answer to what was asked before must not stay beside an error.
    fill(summary)
    const asked = await request(mode.value as SearchMode)
    const { hits, milliseconds, note } = await session.source.call('search', place, asked)
    if (session.place !== place) return
    session.hits = hits
    fill(
      summary,
      el('b', {}, `${count(hits.length)} found in ${duration(milliseconds)}`),
      note !== undefined && ` · ${note}`,
    )
    fill(
      list,
      ...hits.map(hit =>
        documentItem(session, hit, hit.score === undefined ? '' : hit.score.toFixed(4)),
      ),
    )
    say(`${hits.length} found`)
    session.tell('hits')
    tabs.open('results')
  }
  const run = (): Promise<void> =>
    attempt('searching …', async () => {
      try {
        await search()
      } catch (error) {
        session.hits = []
        fill(list)
        session.tell('hits')
        throw error
      }
    })

  /** Whether words can rank; if not, the page says what is missing as soon as it is asked for. */
  function explainMode(): boolean {
    const { table } = session
    const ranksWords = ['hybrid', 'text'].includes(mode.value)
    if (table === undefined || table.text !== undefined || !ranksWords) fill(modeNote)
    else
      fill(
        modeNote,
        `The table ${table.name} does not have a text index, so words cannot rank. DROP TABLE keeps the documents: create the vec table again with the option `,
        el('code', {}, 'text=content'),
        '.',
      )
    return ranksWords && table?.text !== undefined
  }

  function showChips(): void {
    const conditions = Array.from(session.conditions, ([name, condition]) =>
      'range' in condition
        ? chip(`${name}: ${condition.range.join(' to ')}`, () => session.limit(name, undefined))
        : [...condition.values].map(value =>
            chip(`${name}: ${value}`, () => session.toggle(name, value)),
          ),
    ).flat()
    const { like } = session
    const likeChip =
      like &&
      chip(`like ${like.id}`, () => {
        session.like = undefined
        session.tell('like')
      })
    fill(chips, likeChip, ...conditions)
  }

  const form = el(
    'form',
    {
      id: 'search',
      set: { role: 'search' },
      onsubmit: (event: SubmitEvent) => {
        event.preventDefault()
        void run()
      },
    },
    el(
      'div',
      { className: 'query' },
      labelled('Search', input),
      el('button', { type: 'submit', className: 'primary' }, 'Search'),
    ),
    chips,
    el('div', { className: 'tools' }, labelled('Rank by', mode), labelled('Count', k)),
    modeNote,
  )

  const tabs = new Tabs('Results and lists', [
    { name: 'results', label: 'Results', content: results },
    { name: 'document', label: 'Document', content: documentPanel(session) },
    { name: 'compare', label: 'Compare', content: comparePanel(session, request) },
    { name: 'selection', label: 'Selection', content: selectionPanel(session) },
    { name: 'neighbors', label: 'Duplicates', content: neighborsPanel(session) },
  ])

  session.on('place', () => {
    input.value = ''
    explainMode()
    fill(summary)
    fill(list)
    showChips()
    tabs.open('results')
  })
  // The first search of a person waits neither for the index nor for the model, nor for the index of words once chosen.
  session.on('shown', () => {
    requestIdleCallback(() => {
      const { embedder, map, place, source } = session
      if (place === undefined || map === undefined || map.rows.length === 0) return
      const warmUp = { mode: 'exact', like: map.rows[0], k: 1 } as const
      // What fails here fails again, and is told, when a person searches.
      void Promise.allSettled([embedder?.embed('warm'), source.call('search', place, warmUp)])
    })
  })
  mode.addEventListener('change', () => {
    const { place, source } = session
    if (!explainMode() || place === undefined) return
    void Promise.allSettled([source.call('search', place, { mode: 'text', text: 'warm', k: 1 })])
  })
  session.on('filters', () => {
    showChips()
    if (session.hits.length > 0 || session.conditions.size > 0) void run()
  })
  session.on('like', () => {
    showChips()
    void run()
  })
  session.on('current', () => tabs.open('document'))
  session.on('selected', () => tabs.open('selection'))

  return el('section', { id: 'search-panel', set: { 'aria-label': 'Search' } }, form, tabs.element)
}

function chip(label: string, remove: () => unknown): HTMLElement {
  return button(`${label} ×`, remove, {
    className: 'chip',
    set: { 'aria-label': `Remove ${label}` },
  })
}
