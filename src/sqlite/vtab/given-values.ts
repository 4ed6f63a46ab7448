import { Utf8 } from '../../core/utf8.ts'
import { SQLITE_OK } from '../result-codes.ts'
import { readValue } from '../wasm/values.ts'
import { SQLITE_FLOAT, SQLITE_TEXT, type Pointer, type Sqlite } from '../wasm/wasm.ts'
import type { Plan, PlanTerm } from './index-info.ts'
import type { TermValue, WrittenValue } from './virtual-table.ts'

/** The values of a plan's terms, as xFilter receives them. */
export function termValues(
  sqlite: Sqlite,
  { terms = [] }: Plan,
  count: number,
  argv: Pointer,
): TermValue[][] {
  const values: TermValue[][] = []
  for (let i = 0; i < count; i++) {
    values.push(valuesOf(sqlite, terms[i], sqlite.peek32(argv + 4 * i)))
  }
  return values
}

function valuesOf(sqlite: Sqlite, term: PlanTerm, p: Pointer): TermValue[] {
  if (term.list === true) return listOf(sqlite, p, term.bigints)
  const value = termValue(sqlite, p, term.bigints)
  return term.subtype === true ? [value, sqlite.raw.sqlite3_value_subtype(p)] : [value]
}

/** All values of an IN. */
function listOf(sqlite: Sqlite, list: Pointer, bigints?: boolean): TermValue[] {
  const values: TermValue[] = []
  const out = sqlite.alloc(4)
  try {
    let code = sqlite.raw.sqlite3_vtab_in_first(list, out)
    while (code === SQLITE_OK) {
      values.push(termValue(sqlite, sqlite.peek32(out), bigints))
      code = sqlite.raw.sqlite3_vtab_in_next(list, out)
    }
  } finally {
    sqlite.free(out)
  }
  return values
}

function termValue(sqlite: Sqlite, p: Pointer, bigints = false): TermValue {
  if (sqlite.raw.sqlite3_value_type(p) === SQLITE_TEXT) return new Utf8(textBytes(sqlite, p))
  return readValue(sqlite, p, bigints) as Exclude<TermValue, Utf8>
}

/** A value that xUpdate receives. `asText`: a REAL comes as SQLite's text of it, as TEXT affinity stores it. */
export function writtenValue(sqlite: Sqlite, p: Pointer, asText = false): WrittenValue {
  if (asText && sqlite.raw.sqlite3_value_type(p) === SQLITE_FLOAT)
    return String(new Utf8(textBytes(sqlite, p)))
  const value = readValue(sqlite, p)
  if (typeof value !== 'string' || !value.includes('\ufffd')) return value
  const bytes = textBytes(sqlite, p)
  return isUtf8(bytes) ? value : new Utf8(bytes)
}

function textBytes(sqlite: Sqlite, p: Pointer): Uint8Array {
  const text = sqlite.raw.sqlite3_value_text(p)
  return sqlite.copyBytes(text, sqlite.raw.sqlite3_value_bytes(p))
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}
