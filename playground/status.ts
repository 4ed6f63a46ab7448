import { button, el, fill } from './dom.ts'

const element = el('div', { id: 'status', set: { role: 'status', 'aria-live': 'polite' } })
const trouble = el('div', { id: 'trouble', set: { role: 'alert' } })

/** Where the page says what it does, and what failed. */
export const statusElements: readonly HTMLElement[] = [element, trouble]

export function say(text: string): void {
  fill(element, text)
}

/** Shows an error with what to do. */
export function complain(error: unknown): void {
  const { message, hint } = error as Error & { hint?: string }
  fill(
    trouble,
    el('strong', {}, message),
    hint !== undefined && el('span', {}, hint),
    button('Close', () => fill(trouble), { className: 'quiet' }),
  )
}

/** Runs a task that a person asked for; `busy` says that it runs. */
export async function attempt(busy: string, task: () => Promise<unknown>): Promise<void> {
  fill(trouble)
  say(busy)
  document.body.dataset['busy'] = 'true'
  try {
    await task()
  } catch (error) {
    complain(error)
  } finally {
    delete document.body.dataset['busy']
    if (element.textContent === busy) say('')
  }
}
