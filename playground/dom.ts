import { visible } from '../src/core/visible.ts'

type Child = Node | string | number | undefined | false

type Properties<K extends keyof HTMLElementTagNameMap> = Partial<
  Omit<HTMLElementTagNameMap[K], 'style' | 'children'>
> & {
  readonly attributes?: never
  /** Attributes that are not properties: `aria-*`, `role`. */
  readonly set?: Readonly<Record<string, string>>
}

/**
 * An element. Text becomes text nodes, never markup, with control characters made visible: contents of documents are
 * shown as they are, whatever they contain.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<K> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  const { set = {}, ...rest } = properties
  Object.assign(element, rest)
  for (const [name, value] of Object.entries(set)) element.setAttribute(name, value)
  element.append(...nodesOf(children))
  return element
}

/** Replaces what an element contains. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...nodesOf(children))
}

function nodesOf(children: readonly Child[]): (Node | string)[] {
  return children
    .filter(child => child !== undefined && child !== false)
    .map(child => (child instanceof Node ? child : visible(String(child))))
}

export function button(
  label: string,
  onclick: () => unknown,
  properties: Properties<'button'> = {},
): HTMLButtonElement {
  return el('button', { type: 'button', onclick: () => void onclick(), ...properties }, label)
}

/** A field with its label. */
export function labelled(label: string, control: HTMLElement): HTMLLabelElement {
  return el('label', {}, el('span', {}, label), control)
}

/** Gives the user a file. */
export function download(name: string, parts: BlobPart[], type: string): void {
  const address = URL.createObjectURL(new Blob(parts, { type }))
  const link = el('a', { href: address, download: name })
  link.click()
  setTimeout(() => {
    URL.revokeObjectURL(address)
  }, 60_000)
}

const COUNT = new Intl.NumberFormat('en')
export const count = (number: number): string => COUNT.format(number)

/** "0.42 ms", "31 ms", "1.2 s". */
export function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`
  return `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`
}

/** "180 kB", "4.2 MB". */
export function size(bytes: number): string {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}
