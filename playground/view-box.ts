/** The part of the plane that a canvas shows. */
export class ViewBox {
  /** The place in the middle of the canvas, and device pixels per unit. */
  x = 0
  y = 0
  scale = 1
  width = 1
  height = 1

  /** Shows a rectangle whole. */
  show([left, top, right, bottom]: readonly [number, number, number, number]): void {
    this.x = (left + right) / 2
    this.y = (top + bottom) / 2
    const [wide, high] = [Math.max(right - left, 1e-9), Math.max(bottom - top, 1e-9)]
    this.scale = 0.92 * Math.min(this.width / wide, this.height / high)
  }

  toPixels(x: number, y: number): [number, number] {
    return [(x - this.x) * this.scale + this.width / 2, (this.y - y) * this.scale + this.height / 2]
  }

  toPlane(column: number, row: number): [number, number] {
    return [
      (column - this.width / 2) / this.scale + this.x,
      this.y - (row - this.height / 2) / this.scale,
    ]
  }

  /** Moves what is shown by pixels. */
  move(columns: number, rows: number): void {
    this.x -= columns / this.scale
    this.y += rows / this.scale
  }

  /** Makes what is shown larger; the place under a pixel stays there. */
  zoom(factor: number, column: number = this.width / 2, row: number = this.height / 2): void {
    const [x, y] = this.toPlane(column, row)
    this.scale *= factor
    const [nextX, nextY] = this.toPlane(column, row)
    this.x += x - nextX
    this.y += y - nextY
  }
}
