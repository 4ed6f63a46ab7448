// Makes the sqlite3.wasm that is shipped from SQLite's own build: without the functions that nothing calls (sessions,
// helpers of SQLite's JavaScript), and with the kernels of assembly/ in a section of their own, so that a browser loads
// both in one file and in binary form.

import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import binaryen from 'binaryen'

/** The name of the section: src/accelerators/platform/provided-kernels.ts reads it. */
const SECTION = 'sqlite-vec-ts.kernels'

/** The bytes of sqlite3.wasm with these kernels. */
export function engineWasm(kernels) {
  const original = readFileSync(
    createRequire(import.meta.url).resolve('@sqlite.org/sqlite-wasm/sqlite3.wasm'),
  )
  const called = calledFunctions()
  const exported = WebAssembly.Module.exports(new WebAssembly.Module(original)).map(
    ({ name }) => name,
  )
  const missing = [...called].filter(name => !exported.includes(name))
  if (missing.length > 0) throw new Error(`sqlite3.wasm does not export ${missing.join(', ')}`)
  const module = binaryen.readBinary(original)
  module.setFeatures(binaryen.Features.All)
  for (const name of exported) if (!called.has(name)) module.removeExport(name)
  module.runPasses(['remove-unused-module-elements'])
  module.addCustomSection(SECTION, kernels)
  const bytes = module.emitBinary()
  module.dispose()
  return Buffer.from(bytes)
}

/** What src/ calls: the methods of RawSqlite, and the table of its functions. */
function calledFunctions() {
  const source = readFileSync('src/sqlite/wasm/raw-sqlite.ts', 'utf8')
  const names = [...source.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name)
  return new Set([...names, '__indirect_function_table'])
}
