import module from './passages.wasm'

/** The module of `passageModule`, which was compiled when the program was deployed. */
export function passages(): WebAssembly.Module {
  return module
}
