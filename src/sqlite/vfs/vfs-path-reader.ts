import { SQLITE_CANTOPEN } from '../result-codes.ts'
import { KnownTexts } from '../wasm/known-texts.ts'
import type { Sqlite } from '../wasm/wasm.ts'
import { VfsFailure } from './vfs-errors.ts'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads file names. Its `read` throws VfsFailure for bytes that are not UTF-8: the decoded name would differ from the given
 * one.
 */
export function pathReader(sqlite: Sqlite): KnownTexts {
  return new KnownTexts(sqlite, decode)
}

function decode(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes)
  } catch (cause) {
    const shown = JSON.stringify(new TextDecoder().decode(bytes))
    const message = `the file name ${shown} is not valid UTF-8`
    throw new VfsFailure(SQLITE_CANTOPEN, shown, message, {
      hint: 'pass the path as a string',
      cause,
    })
  }
}
