import type { FullDocument } from '../src/ui/contract.ts'
import { documentItem } from './document-item.ts'
import { button, count, download, el, fill } from './dom.ts'
import type { Session } from './session.ts'
import { attempt, say } from './status.ts'

const SHOWN = 100
/** Documents per question: an answer with vectors stays below some megabytes. */
const BLOCK = 500

/** The points inside of the lasso, which can be saved as JSONL. */
export function selectionPanel(session: Session): HTMLElement {
  const element = el('div', {})
  const rows = (): number[] => session.selected.map(point => session.map!.rows[point])

  async function read(wanted: readonly number[], withVectors: boolean): Promise<FullDocument[]> {
    const found: FullDocument[] = []
    for (let at = 0; at < wanted.length; at += BLOCK) {
      const block = wanted.slice(at, at + BLOCK)
      found.push(...(await session.source.call('documents', session.place!, block, withVectors)))
      if (wanted.length > BLOCK) say(`read ${count(found.length)} of ${count(wanted.length)}`)
    }
    return found
  }

  async function save(): Promise<void> {
    const documents = await read(rows(), true)
    const lines = documents.map(({ id, content, meta, vector }) => {
      const fields = { id, content, embedding: vector && Array.from(vector) }
      const text = JSON.stringify(fields)
      // Metadata that is JSON becomes a part of the line as it is, numbers of any size included.
      return meta === null ? `${text}\n` : `${text.slice(0, -1)},"meta":${jsonOf(meta)}}\n`
    })
    download(`${session.place!.dataset}-selection.jsonl`, lines, 'application/x-ndjson')
  }

  async function show(): Promise<void> {
    const chosen = rows()
    if (chosen.length === 0)
      return fill(
        element,
        el(
          'p',
          { className: 'empty' },
          'Draw around points with the lasso, or select what is in view.',
        ),
      )
    const documents = await read(chosen.slice(0, SHOWN), false)
    fill(
      element,
      el(
        'p',
        {},
        el('b', {}, `${count(chosen.length)} selected`),
        chosen.length > SHOWN && `, the first ${SHOWN}:`,
      ),
      el(
        'div',
        { className: 'tools' },
        button('Save as JSONL', () => attempt('saving …', save), {
          id: 'save-selection',
          className: 'primary',
        }),
        button('Clear', () => {
          session.selected = []
          session.tell('selected')
        }),
      ),
      el(
        'ol',
        { className: 'results' },
        ...documents.map(document => documentItem(session, document, '')),
      ),
    )
  }
  session.on('selected', () => attempt('reading the selection …', show))
  session.on('place', show)
  return element
}

function jsonOf(meta: string): string {
  try {
    JSON.parse(meta)
    return meta.replaceAll(/[\n\r]/g, ' ')
  } catch {
    return JSON.stringify(meta)
  }
}
