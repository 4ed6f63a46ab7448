import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { VecError } from '../../../core/errors.ts'
import type { WasmModule } from '../../../core/wasm-memory.ts'
import { fetchWasm } from '../fetch-wasm.ts'
import { shippedWasm, WASM_HINT } from '../shipped-wasm.ts'
import { thisModule } from './this-module.ts'

/** Reads sqlite3.wasm from a path or URL; undefined means the shipped file. Throws VecError VEC_ENGINE. */
export async function readWasm(location: string | undefined): Promise<WasmModule | Uint8Array> {
  if (location !== undefined && /^(https?|data|blob):/.test(location))
    return await fetchWasm(location)
  const path = location ?? shippedPath()
  try {
    return readFileSync(path.startsWith('file:') ? fileURLToPath(path) : path)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause)
    throw new VecError('VEC_ENGINE', `sqlite3.wasm cannot be read: ${path} (${code})`, {
      hint: WASM_HINT,
      cause,
    })
  }
}

function shippedPath(): string {
  // In a CommonJS bundle, import.meta is empty. The file is then beside the bundle.
  return import.meta.url === undefined
    ? new URL('sqlite3.wasm', thisModule()).href
    : shippedWasm().href
}
