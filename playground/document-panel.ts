import { searchLike } from './document-item.ts'
import { button, el, fill } from './dom.ts'
import type { Session } from './session.ts'
import { attempt } from './status.ts'

const SHOWN_NUMBERS = 8

/** The document that was chosen: its content, metadata and vector. */
export function documentPanel(session: Session): HTMLElement {
  const element = el('div', { className: 'full' })
  const nothing = (): void =>
    fill(element, el('p', { className: 'empty' }, 'Click a point or a result.'))
  async function show(): Promise<void> {
    const { place, current } = session
    if (place === undefined || current === undefined) return nothing()
    const [document] = await session.source.call('documents', place, [current], true)
    if (document === undefined)
      return fill(element, el('p', {}, 'This document does not exist any more.'))
    const { id, content, meta, vector } = document
    fill(
      element,
      el('h3', {}, id),
      content !== null && el('p', { className: 'content' }, content),
      meta !== null && metadata(meta),
      vector !== undefined && el('p', { className: 'numbers' }, numbersOf(vector)),
      button('Find documents like this', () => searchLike(session, current, id), {
        className: 'primary',
        id: 'like',
      }),
    )
  }
  session.on('current', () => attempt('reading …', show))
  session.on('place', nothing)
  return element
}

/** A table of the members, or the text as it is. */
function metadata(text: string): HTMLElement {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (typeof value !== 'object' || value === null) return el('pre', {}, text)
  return el(
    'dl',
    { className: 'facts' },
    ...Object.entries(value).flatMap(([name, each]) => [
      el('dt', {}, name),
      el('dd', {}, typeof each === 'string' ? each : JSON.stringify(each)),
    ]),
  )
}

function numbersOf(vector: Float32Array): string {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  const first = Array.from(vector.subarray(0, SHOWN_NUMBERS), value => value.toFixed(3)).join(', ')
  return `[${first}${vector.length > SHOWN_NUMBERS ? ', …' : ''}] · ${vector.length} dimensions, length ${length.toFixed(3)}`
}
