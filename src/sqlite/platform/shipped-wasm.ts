/**
 * The location of the shipped sqlite3.wasm. Bundlers recognize this expression: they copy the file and replace the
 * URL.
 */
export const shippedWasm = (): URL => new URL('./sqlite3.wasm', import.meta.url)

/** Why SQLite is missing, and what to do. */
export const WASM_HINT =
  'keep sqlite3.wasm beside the bundle, or say where it is: loadEngine({ wasm }) before open(); docs/runtimes/bundlers.md'
