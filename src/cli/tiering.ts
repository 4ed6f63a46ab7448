import { setFlagsFromString } from 'node:v8'

/** The default of V8 from Node 22 on. */
const BUDGET = 13_000_000

/**
 * V8 of Node 20 optimizes a function of WebAssembly after a seventh of the work that later versions wait for. Most commands
 * end before that pays: on one core, `svec query` takes a sixth less time without it.
 */
export function optimizeLater(): void {
  const { bun, node } = process.versions
  if (bun !== undefined || 'Deno' in globalThis || !node.startsWith('20.')) return
  if (process.execArgv.some(arg => arg.startsWith('--wasm-tiering-budget'))) return
  setFlagsFromString(`--wasm-tiering-budget=${BUDGET}`)
}
