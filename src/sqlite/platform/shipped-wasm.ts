/** Where sqlite3.wasm is shipped. Bundlers know this expression: they copy the file, and change it to where it went. */
export const shippedWasm = (): URL => new URL('./sqlite3.wasm', import.meta.url)

/** Why there is no SQLite, and what to do. */
export const WASM_HINT =
  'keep sqlite3.wasm beside the bundle, or say where it is: loadEngine({ wasm }) before open(); docs/runtimes/bundlers.md'
