import { button, el } from './dom.ts'
import type { Session } from './session.ts'

/** What a list shows of a document. */
interface Listed {
  readonly row: number
  readonly id: string
  readonly content: string | null
}

/** An entry of a list: a click shows the document. `more` stands beside its id. */
export function documentItem(session: Session, listed: Listed, more: string): HTMLElement {
  const { row, id, content } = listed
  const show = button('', () => openDocument(session, row), { className: 'document' })
  show.append(el('b', {}, id), el('small', {}, more), el('span', {}, content ?? ''))
  return el(
    'li',
    {},
    show,
    button('like this', () => searchLike(session, row, id), {
      className: 'quiet',
      set: { 'aria-label': `Find documents like ${id}` },
    }),
  )
}

function openDocument(session: Session, row: number): void {
  session.current = row
  session.tell('current')
}

export function searchLike(session: Session, row: number, id: string): void {
  session.like = { row, id }
  session.tell('like')
}
