import { NONE, OTHER, type FieldValue, type FieldValues } from '../src/ui/contract.ts'
import { count, el, fill } from './dom.ts'
import type { PointColours } from './draw-points.ts'
import { CATEGORIES, css, OTHERS, PLAIN, rampColour, STEPS, type Colour } from './palette.ts'
import type { Session } from './session.ts'

/** The colours of the points by the values of a field. */
export function coloursOf(
  points: number,
  field: FieldValues | undefined,
  mask: Uint8Array | undefined,
): PointColours {
  if (field === undefined) return { colours: [PLAIN], codes: new Uint8Array(points), mask }
  const { range, numbers } = field
  if (range === undefined || numbers === undefined) {
    const colours: Colour[] = [...CATEGORIES]
    colours[OTHER] = OTHERS
    colours[NONE] = OTHERS
    return { colours, codes: field.codes, mask }
  }
  const [least, most] = range
  const colours = Array.from({ length: STEPS }, (_, step) => rampColour(step / (STEPS - 1)))
  const codes = Uint8Array.from(numbers, number =>
    Number.isNaN(number)
      ? STEPS
      : Math.round(((number - least) / Math.max(most - least, Number.MIN_VALUE)) * (STEPS - 1)),
  )
  return { colours: [...colours, OTHERS], codes, mask }
}

/** Names the colours; a click on a value filters by it. */
export function legend(session: Session): HTMLElement {
  const element = el('div', {
    id: 'legend',
    set: { role: 'group', 'aria-label': 'Filter by value' },
  })

  function show(): void {
    const { colour } = session
    if (colour === undefined) return fill(element)
    if (colour.range !== undefined) return fill(element, rangeFields(session, colour, colour.range))
    const condition = session.conditions.get(colour.name)
    const chosen = condition !== undefined && 'values' in condition ? condition.values : new Set()
    const rare = colour.codes.reduce((sum, code) => sum + (code === OTHER ? 1 : 0), 0)
    fill(
      element,
      ...colour.values.map(({ value, count: rows }, i) =>
        valueButton(session, colour.name, value, rows, CATEGORIES[i], chosen.has(value)),
      ),
      rare > 0 && el('span', { className: 'value' }, swatch(OTHERS), `others ${count(rare)}`),
    )
  }
  session.on('place', show)
  session.on('colour', show)
  session.on('filters', show)
  return element
}

function valueButton(
  session: Session,
  name: string,
  value: FieldValue,
  rows: number,
  colour: Colour,
  isChosen: boolean,
): HTMLElement {
  return el(
    'button',
    {
      type: 'button',
      className: 'value',
      set: { 'aria-pressed': String(isChosen) },
      onclick: () => session.toggle(name, value),
    },
    swatch(colour),
    String(value),
    el('small', {}, count(rows)),
  )
}

function swatch(colour: Colour): HTMLElement {
  const element = el('i', { className: 'swatch' })
  element.style.setProperty('background', css(colour))
  return element
}

function rangeFields(
  session: Session,
  { name }: FieldValues,
  [least, most]: readonly [number, number],
): HTMLElement {
  const condition = session.conditions.get(name)
  const [from, to] =
    condition !== undefined && 'range' in condition ? condition.range : [least, most]
  const field = (label: string, value: number): HTMLInputElement =>
    el('input', {
      type: 'number',
      step: 'any',
      value: String(value),
      set: { 'aria-label': `${name} ${label}` },
    })
  const [low, high] = [field('from', from), field('to', to)]
  const changed = (): void => {
    const range = [Number(low.value), Number(high.value)] as const
    session.limit(name, range[0] <= least && range[1] >= most ? undefined : range)
  }
  low.addEventListener('change', changed)
  high.addEventListener('change', changed)
  const ramp = el('span', { className: 'ramp', set: { 'aria-hidden': 'true' } })
  const stops = Array.from({ length: 9 }, (_, i) => css(rampColour(i / 8)))
  ramp.style.setProperty('background', `linear-gradient(90deg, ${stops.join(', ')})`)
  return el('div', { className: 'range' }, low, ramp, high)
}
