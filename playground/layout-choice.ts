import { button, el, labelled } from './dom.ts'
import type { Session } from './session.ts'
import { complain, say } from './status.ts'

/** Chooses how the map is laid out. What takes long says how far it is, and can be cancelled. */
export function layoutChoice(session: Session): { choice: HTMLElement; progress: HTMLElement } {
  const select = el(
    'select',
    { id: 'layout' },
    el('option', { value: 'plane' }, 'main directions (PCA)'),
    el('option', { value: 'neighbors' }, 'neighbours (UMAP)'),
  )
  const bar = el('progress', { max: 1, set: { 'aria-label': 'Progress of the map' } })
  const step = el('span', {})
  let making: AbortController | undefined
  const progress = el(
    'div',
    { id: 'layout-progress', className: 'tools', hidden: true },
    step,
    bar,
    button('Cancel', () => stop(), { id: 'layout-cancel' }),
  )

  function stop(): void {
    making?.abort()
    making = undefined
    progress.hidden = true
    select.value = session.layout
  }

  async function choose(): Promise<void> {
    const wanted = select.value as Session['layout']
    stop()
    const { map, place, source } = session
    if (map === undefined || place === undefined) return
    if (wanted === 'neighbors' && session.neighborMap === undefined) {
      const mine = new AbortController()
      making = mine
      select.value = wanted
      bar.value = 0
      progress.hidden = false
      // Only who asks for it loads it.
      const { neighborMap } = await import('./neighbor-map.ts')
      const made = await neighborMap(source, place, map, {
        signal: mine.signal,
        progress(text, done) {
          if (step.textContent !== text) say(text)
          step.textContent = text
          bar.value = done
        },
      })
      if (mine.signal.aborted || session.map !== map) return
      session.neighborMap = made
      making = undefined
      progress.hidden = true
      say('the map shows neighbours')
    }
    session.layout = wanted
    select.value = wanted
    session.tell('layout')
  }

  select.addEventListener('change', () => {
    choose().catch((error: unknown) => {
      if ((error as Error).name !== 'AbortError') {
        complain(error)
        stop()
      } else if (making?.signal.aborted !== false) stop()
    })
  })
  session.on('place', stop)
  return { choice: labelled('Map by', select), progress }
}
