import { grown } from '../../../core/grown.ts'
import type { CoverBound } from './cover-options.ts'

/**
 * The nodes, one per slot: each node is a row. Its children are the `children[s]` slots from `firstChild[s]` on, all
 * after its own. With the bound `per_node`, `near` and `far` enclose the distances from a node's **parent** to the node
 * and all rows below it. `radius` is at least the distance from a node to any row below it, and 0 if there is none.
 */
export class CoverNodes {
  readonly bound: CoverBound
  children: Uint32Array = new Uint32Array(0)
  firstChild: Uint32Array = new Uint32Array(0)
  radius: Float64Array = new Float64Array(0)
  near: Float64Array = new Float64Array(0)
  far: Float64Array = new Float64Array(0)

  constructor(bound: CoverBound) {
    this.bound = bound
  }

  get bytes(): number {
    const { children, firstChild, radius, near, far } = this
    return (
      children.byteLength +
      firstChild.byteLength +
      radius.byteLength +
      near.byteLength +
      far.byteLength
    )
  }

  clear(): void {
    this.children = this.firstChild = new Uint32Array(0)
    this.radius = this.near = this.far = new Float64Array(0)
  }

  /** Reserves memory for nodes in the first `slots` slots. */
  reserve(slots: number): void {
    if (slots <= this.children.length) return
    const capacity = Math.max(slots, Math.ceil(this.children.length * 1.5))
    this.children = grown(this.children, capacity)
    this.firstChild = grown(this.firstChild, capacity)
    this.radius = grown(this.radius, capacity)
    if (this.bound === 'level') return
    this.near = grown(this.near, capacity)
    this.far = grown(this.far, capacity)
  }
}
