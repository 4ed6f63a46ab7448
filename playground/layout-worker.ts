// Arranges points by their neighbours. It runs beside the page, which goes on painting.

import { Umap, type NeighborGraph } from '../src/ui/umap.ts'

export interface LayoutRequest {
  readonly graph: NeighborGraph
  /** Where the points are at first. */
  readonly start: Float32Array
  readonly seed: number
}

export type LayoutAnswer = { readonly done: number } | { readonly points: Float32Array }

/** Milliseconds from one word of progress to the next. */
const PAUSE = 100

const scope = globalThis as unknown as DedicatedWorkerGlobalScope
const answer = (message: LayoutAnswer): void => scope.postMessage(message)

scope.addEventListener('message', event => {
  const { graph, start, seed } = event.data as LayoutRequest
  const umap = new Umap(graph, start, seed)
  let told = performance.now()
  while (umap.step()) {
    if (performance.now() - told < PAUSE) continue
    told = performance.now()
    answer({ done: umap.done })
  }
  answer({ points: umap.points })
})
