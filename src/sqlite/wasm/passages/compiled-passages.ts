import { passageModule } from './passage-module.ts'

let module: WebAssembly.Module | undefined

/** The module of `passageModule`, compiled when it is first needed. */
export function passages(): WebAssembly.Module {
  return (module ??= new WebAssembly.Module(passageModule()))
}
