import { button, el } from './dom.ts'

export interface Tab {
  readonly name: string
  readonly label: string
  readonly content: HTMLElement
}

/** One of several contents; arrow keys go from one to the next. */
export class Tabs {
  readonly element: HTMLElement
  readonly #tabs: readonly Tab[]
  readonly #buttons: readonly HTMLButtonElement[]

  constructor(label: string, tabs: readonly Tab[]) {
    this.#tabs = tabs
    this.#buttons = tabs.map(tab =>
      button(tab.label, () => this.open(tab.name), {
        id: `tab-${tab.name}`,
        set: { role: 'tab', 'aria-controls': `panel-${tab.name}` },
      }),
    )
    const list = el(
      'div',
      { className: 'tabs', set: { role: 'tablist', 'aria-label': label } },
      ...this.#buttons,
    )
    list.addEventListener('keydown', event => this.#key(event))
    for (const { name, content } of tabs) {
      content.id = `panel-${name}`
      content.setAttribute('role', 'tabpanel')
      content.setAttribute('aria-labelledby', `tab-${name}`)
    }
    this.element = el('div', { className: 'tabbed' }, list, ...tabs.map(({ content }) => content))
    this.open(tabs[0].name)
  }

  open(name: string): void {
    for (const [i, tab] of this.#tabs.entries()) {
      const isOpen = tab.name === name
      tab.content.hidden = !isOpen
      this.#buttons[i].setAttribute('aria-selected', String(isOpen))
      this.#buttons[i].tabIndex = isOpen ? 0 : -1
    }
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const at = this.#tabs.findIndex(({ content }) => !content.hidden)
    const next = (at + step + this.#tabs.length) % this.#tabs.length
    this.open(this.#tabs[next].name)
    this.#buttons[next].focus()
  }
}
