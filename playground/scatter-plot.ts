import { el } from './dom.ts'
import { drawPoints, type PointColours } from './draw-points.ts'
import { css, type Colour } from './palette.ts'
import { PointGrid } from './point-grid.ts'
import { ViewBox } from './view-box.ts'

export interface ScatterEvents {
  /** The point under the pointer, or -1, and where it is in the canvas. */
  hovered(point: number, x: number, y: number): void
  chosen(point: number): void
  selected(points: readonly number[]): void
}

/** Points that are marked on top of all others. */
export interface Marks {
  readonly hits: readonly number[]
  readonly selected: readonly number[]
  readonly current: number
}

const REACH = 10
const STEP = 60
const ZOOM = 1.25

/** A map of points to look at: drag or arrow keys move it, the wheel or + and - zoom, a lasso selects. */
export class ScatterPlot {
  readonly canvas: HTMLCanvasElement = el('canvas', {
    tabIndex: 0,
    id: 'map',
    set: {
      role: 'img',
      'aria-label': 'Map of the vectors',
      'aria-describedby': 'map-keys',
    },
  })
  readonly #events: ScatterEvents
  readonly #view = new ViewBox()
  #points: Float32Array = new Float32Array(0)
  #grid = new PointGrid(this.#points)
  #colours: PointColours = { colours: [], codes: new Uint8Array(0), mask: undefined }
  #marks: Marks = { hits: [], selected: [], current: -1 }
  #background: Colour = [255, 255, 255]
  #ink = '#000'
  #lasso: number[] = []
  #pointers = new Map<number, { x: number; y: number }>()
  #moved = 0
  #isAwaitingFrame = false
  /** Whether dragging draws a lasso instead of moving the map. */
  isLasso = false

  constructor(events: ScatterEvents) {
    this.#events = events
    const { canvas } = this
    new ResizeObserver(() => this.#resize()).observe(canvas)
    canvas.addEventListener('pointerdown', event => this.#down(event))
    canvas.addEventListener('pointermove', event => this.#move(event))
    canvas.addEventListener('pointerup', event => this.#up(event))
    canvas.addEventListener('pointercancel', event => this.#pointers.delete(event.pointerId))
    canvas.addEventListener('pointerleave', () => events.hovered(-1, 0, 0))
    canvas.addEventListener('keydown', event => this.#key(event))
    canvas.addEventListener(
      'wheel',
      event => {
        event.preventDefault()
        const { x, y } = this.#place(event)
        this.#view.zoom(Math.exp(-event.deltaY * 0.0016), x, y)
        this.draw()
      },
      { passive: false },
    )
  }

  /** The number of points. */
  get count(): number {
    return this.#points.length / 2
  }

  show(points: Float32Array, colours: PointColours): void {
    this.#colours = colours
    this.#marks = { hits: [], selected: [], current: -1 }
    this.place(points)
  }

  /** Moves the points; their colours and marks stay. */
  place(points: Float32Array): void {
    this.#points = points
    this.#grid = new PointGrid(points)
    this.reset()
  }

  colour(colours: PointColours): void {
    this.#colours = colours
    this.draw()
  }

  mark(marks: Partial<Marks>): void {
    this.#marks = { ...this.#marks, ...marks }
    this.draw()
  }

  theme(background: Colour, ink: string): void {
    this.#background = background
    this.#ink = ink
    this.draw()
  }

  reset(): void {
    this.#view.show(this.#grid.bounds)
    this.draw()
  }

  zoom(factor: number): void {
    this.#view.zoom(factor)
    this.draw()
  }

  /** The points that the canvas shows now. */
  inView(): number[] {
    const { width, height } = this.#view
    const corners = [
      [0, 0],
      [width, 0],
      [width, height],
      [0, height],
    ] as const
    return this.#grid.inside(corners.flatMap(([x, y]) => this.#view.toPlane(x, y)))
  }

  /** Draws in the next frame, once for all calls before it. */
  draw(): void {
    if (this.#isAwaitingFrame) return
    this.#isAwaitingFrame = true
    requestAnimationFrame(() => {
      this.#isAwaitingFrame = false
      this.#paint()
    })
  }

  #paint(): void {
    const { width, height } = this.canvas
    const context = this.canvas.getContext('2d', { alpha: false })
    if (context === null || width === 0 || height === 0) return
    const image = context.createImageData(width, height)
    drawPoints(image, this.#view, this.#points, this.#colours, this.#background, this.#radius())
    context.putImageData(image, 0, 0)
    const { hits, selected, current } = this.#marks
    for (const point of selected.slice(0, 20_000)) this.#ring(context, point, 1.5, 1)
    for (const [i, point] of hits.entries()) this.#ring(context, point, i === 0 ? 6 : 4, 2.5)
    if (current >= 0) this.#ring(context, current, 8, 3)
    this.#drawLasso(context)
    this.canvas.dataset['painted'] = String(this.count)
  }

  /** Discs shrink as they become many, and grow as the map is zoomed. */
  #radius(): number {
    const { count } = this
    const usual = count < 3000 ? 3.4 : count < 30_000 ? 2.2 : count < 300_000 ? 1.3 : 0.8
    return usual * devicePixelRatio
  }

  #ring(context: CanvasRenderingContext2D, point: number, more: number, width: number): void {
    const [x, y] = this.#view.toPixels(this.#points[2 * point], this.#points[2 * point + 1])
    context.beginPath()
    context.arc(x, y, this.#radius() + more * devicePixelRatio * 0.7, 0, 2 * Math.PI)
    context.lineWidth = (width + 2) * devicePixelRatio * 0.5
    context.strokeStyle = css(this.#background)
    context.stroke()
    context.lineWidth = width * devicePixelRatio * 0.6
    context.strokeStyle = this.#ink
    context.stroke()
  }

  #drawLasso(context: CanvasRenderingContext2D): void {
    if (this.#lasso.length < 4) return
    context.beginPath()
    for (let i = 0; i < this.#lasso.length; i += 2)
      context.lineTo(...this.#view.toPixels(this.#lasso[i], this.#lasso[i + 1]))
    context.closePath()
    context.lineWidth = 1.5 * devicePixelRatio
    context.strokeStyle = this.#ink
    context.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio])
    context.stroke()
    context.setLineDash([])
  }

  #resize(): void {
    const { canvas } = this
    const isFirst = this.#view.width === 1
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio)
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio)
    const before = Math.min(this.#view.width, this.#view.height)
    this.#view.width = Math.max(1, canvas.width)
    this.#view.height = Math.max(1, canvas.height)
    if (isFirst) this.#view.show(this.#grid.bounds)
    else this.#view.scale *= Math.min(this.#view.width, this.#view.height) / before
    this.draw()
  }

  #place({ offsetX, offsetY }: MouseEvent): { x: number; y: number } {
    return { x: offsetX * devicePixelRatio, y: offsetY * devicePixelRatio }
  }

  #at({ x, y }: { x: number; y: number }): number {
    const [px, py] = this.#view.toPlane(x, y)
    return this.#grid.nearest(px, py, (REACH * devicePixelRatio) / this.#view.scale)
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return
    this.canvas.setPointerCapture(event.pointerId)
    this.#pointers.set(event.pointerId, this.#place(event))
    this.#moved = 0
    const { x, y } = this.#place(event)
    this.#lasso = this.isLasso ? [...this.#view.toPlane(x, y)] : []
  }

  #move(event: PointerEvent): void {
    const to = this.#place(event)
    const from = this.#pointers.get(event.pointerId)
    if (from === undefined) {
      this.#events.hovered(this.#at(to), event.offsetX, event.offsetY)
      return
    }
    this.#moved += Math.hypot(to.x - from.x, to.y - from.y)
    this.#pointers.set(event.pointerId, to)
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId)
    if (others.length === 1) {
      const [, still] = others[0]
      const before = Math.hypot(from.x - still.x, from.y - still.y)
      const factor = Math.hypot(to.x - still.x, to.y - still.y) / Math.max(1, before)
      this.#view.zoom(factor, still.x, still.y)
    } else if (this.isLasso) this.#lasso.push(...this.#view.toPlane(to.x, to.y))
    else this.#view.move(to.x - from.x, to.y - from.y)
    this.draw()
  }

  #up(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId)) return
    if (this.#moved < 4 * devicePixelRatio) {
      const point = this.#at(this.#place(event))
      if (point >= 0) this.#events.chosen(point)
    } else if (this.isLasso) this.#events.selected(this.#grid.inside(this.#lasso))
    this.#lasso = []
    this.draw()
  }

  #key(event: KeyboardEvent): void {
    const step = STEP * devicePixelRatio
    const view = this.#view
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => view.move(step, 0),
      ArrowRight: () => view.move(-step, 0),
      ArrowUp: () => view.move(0, step),
      ArrowDown: () => view.move(0, -step),
      '+': () => view.zoom(ZOOM),
      '=': () => view.zoom(ZOOM),
      '-': () => view.zoom(1 / ZOOM),
      '0': () => view.show(this.#grid.bounds),
      Enter: () => {
        const [x, y] = view.toPlane(view.width / 2, view.height / 2)
        const point = this.#grid.nearest(x, y, Math.max(view.width, view.height) / view.scale)
        if (point >= 0) this.#events.chosen(point)
      },
    }
    const action = actions[event.key]
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    action()
    this.draw()
  }
}
