import { button, count, duration, el, fill, labelled } from './dom.ts'
import { layoutChoice } from './layout-choice.ts'
import { coloursOf, legend } from './legend.ts'
import type { Colour } from './palette.ts'
import { ScatterPlot } from './scatter-plot.ts'
import type { Session } from './session.ts'
import { attempt } from './status.ts'

const TOOLTIP_DELAY = 70

/** The map, its tools, and what is under the pointer. */
export function mapPanel(session: Session): HTMLElement {
  const tooltip = el('div', { id: 'tooltip', hidden: true, set: { 'aria-hidden': 'true' } })
  const caption = el('p', { id: 'caption' })
  const colourChoice = el('select', {
    id: 'colour',
    onchange: () => void attempt('colouring …', () => session.colourBy(colourChoice.value)),
  })
  let hovering: ReturnType<typeof setTimeout> | undefined

  const plot = new ScatterPlot({
    hovered(point, x, y) {
      clearTimeout(hovering)
      tooltip.hidden = true
      if (point >= 0) hovering = setTimeout(() => void showTooltip(point, x, y), TOOLTIP_DELAY)
    },
    chosen(point) {
      session.current = session.map?.rows[point]
      session.tell('current')
    },
    selected(points) {
      session.selected = points
      session.tell('selected')
    },
  })

  async function showTooltip(point: number, x: number, y: number): Promise<void> {
    const { map, place } = session
    if (map === undefined || place === undefined) return
    const [document] = await session.source.call('documents', place, [map.rows[point]], false)
    if (document === undefined || session.map !== map) return
    const { colour } = session
    const code = colour?.codes[point] ?? 255
    const value = colour?.numbers?.[point] ?? colour?.values[code]?.value
    fill(
      tooltip,
      el('b', {}, document.id),
      value !== undefined && el('small', {}, ` ${colour?.name}: ${value}`),
      document.content !== null && el('div', {}, document.content.slice(0, 160)),
    )
    tooltip.hidden = false
    const isRight = x > plot.canvas.clientWidth / 2
    tooltip.style.setProperty('left', isRight ? 'auto' : `${x + 14}px`)
    tooltip.style.setProperty('right', isRight ? `${plot.canvas.clientWidth - x + 14}px` : 'auto')
    tooltip.style.setProperty('top', `${Math.min(y + 12, plot.canvas.clientHeight - 90)}px`)
  }

  const lasso = button(
    'Lasso',
    () => {
      plot.isLasso = !plot.isLasso
      lasso.setAttribute('aria-pressed', String(plot.isLasso))
      plot.canvas.classList.toggle('lasso', plot.isLasso)
    },
    { id: 'lasso', set: { 'aria-pressed': 'false' } },
  )
  const selectView = button(
    'Select what is in view',
    () => {
      session.selected = plot.inView()
      session.tell('selected')
    },
    { id: 'select-view' },
  )

  function colourPoints(): void {
    if (session.map === undefined) return
    plot.colour(coloursOf(session.map.rows.length, session.colour, session.mask))
  }
  function showFields(): void {
    fill(
      colourChoice,
      el('option', { value: '' }, 'one colour'),
      ...session.fields.map(({ name }) => el('option', { value: name }, name)),
    )
    colourChoice.value = session.colour?.name ?? ''
  }
  function describe(): void {
    const { dim, milliseconds, rows, shown } = session.map!
    const { layout, neighborMap } = session
    if (rows.length === 0) return fill(caption, 'This dataset does not contain vectors.')
    const vectors = `${count(rows.length)} vectors of ${count(dim)} dimensions`
    const [first, second] = shown.map(share => `${Math.round(share * 100)} %`)
    if (layout === 'plane' || neighborMap === undefined)
      return fill(
        caption,
        `${vectors}; the axes show ${first} and ${second} of the variance; ${duration(milliseconds)}`,
      )
    const { placing, sampled, milliseconds: time } = neighborMap
    const by = placing < sampled ? `${count(placing)} of them` : 'them'
    const others = sampled < rows.length ? ` of ${count(sampled)}, the others placed by ${by}` : ''
    fill(caption, `${vectors}; near points have near vectors (UMAP${others}); ${duration(time)}`)
  }
  session.on('place', () => {
    fill(caption, 'computing the map …')
    plot.show(new Float32Array(0), coloursOf(0, undefined, undefined))
    showFields()
  })
  session.on('map', () => {
    const { rows, points } = session.map!
    plot.show(points, coloursOf(rows.length, undefined, undefined))
    describe()
  })
  session.on('layout', () => {
    const { layout, map, neighborMap } = session
    plot.place(layout === 'plane' ? map!.points : neighborMap!.points)
    describe()
  })
  session.on('filters', () => {
    showFields()
    colourPoints()
  })
  session.on('colour', () => {
    showFields()
    colourPoints()
  })
  session.on('hits', () => {
    const hits = session.hits.map(({ row }) => session.pointOf(row)).filter(point => point >= 0)
    plot.mark({ hits })
  })
  session.on('selected', () => plot.mark({ selected: session.selected }))
  session.on('current', () => {
    plot.mark({ current: session.current === undefined ? -1 : session.pointOf(session.current) })
  })

  const layouts = layoutChoice(session)
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const theme = (): void => {
    const background: Colour = dark.matches ? [16, 20, 28] : [252, 252, 253]
    plot.theme(background, dark.matches ? '#f2f5fa' : '#10141c')
  }
  dark.addEventListener('change', theme)
  theme()

  return el(
    'section',
    { id: 'map-panel', set: { 'aria-label': 'Map' } },
    el(
      'div',
      { className: 'tools' },
      labelled('Colour by', colourChoice),
      layouts.choice,
      lasso,
      selectView,
      button('+', () => plot.zoom(1.4), { set: { 'aria-label': 'Zoom in' } }),
      button('−', () => plot.zoom(1 / 1.4), { set: { 'aria-label': 'Zoom out' } }),
      button('Whole map', () => plot.reset()),
    ),
    layouts.progress,
    el('div', { className: 'canvas' }, plot.canvas, tooltip),
    legend(session),
    caption,
    el(
      'p',
      { id: 'map-keys', className: 'hidden' },
      'Arrow keys move the map, plus and minus zoom, 0 shows all of it, Enter opens the document nearest to the middle.',
    ),
  )
}
