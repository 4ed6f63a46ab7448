import { VecError } from '../../core/errors.ts'
import type { WasmModule } from '../../core/wasm-memory.ts'
import { WASM_HINT } from './shipped-wasm.ts'

/** sqlite3.wasm from a URL. Throws VecError VEC_ENGINE. */
export async function fetchWasm(url: string): Promise<WasmModule | Uint8Array> {
  const failed = (why: string, cause?: unknown): VecError =>
    new VecError('VEC_ENGINE', `sqlite3.wasm cannot be fetched from ${url}: ${why}`, {
      hint: WASM_HINT,
      cause,
    })
  let response: Response
  try {
    response = await fetch(url, { credentials: 'same-origin' })
  } catch (cause) {
    throw failed(String(cause), cause)
  }
  if (!response.ok) throw failed(`the server answers ${response.status}`)
  // Some servers send the file with another content type, which compileStreaming() refuses.
  if (response.headers.get('content-type') === 'application/wasm')
    return await WebAssembly.compileStreaming(response)
  return new Uint8Array(await response.arrayBuffer())
}
