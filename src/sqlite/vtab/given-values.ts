import { IdList } from '../../core/id-list.ts'
import { Utf8 } from '../../core/utf8.ts'
import { SQLITE_OK } from '../result-codes.ts'
import { readValue } from '../wasm/values.ts'
import { SQLITE_FLOAT, SQLITE_TEXT, type Pointer, type Sqlite } from '../wasm/wasm.ts'
import type { Plan, PlanTerm } from './index-info.ts'
import type { TermValue, WrittenValue } from './virtual-table.ts'

/** What xFilter receives: the values of each term of a plan, and the texts of each term with `texts`. */
export function termValues(
  sqlite: Sqlite,
  { terms = [] }: Plan,
  count: number,
  argv: Pointer,
): [values: TermValue[][], texts: (IdList | undefined)[]] {
  const values: TermValue[][] = []
  const texts: (IdList | undefined)[] = []
  for (let i = 0; i < count; i++) {
    const term = terms[i]
    const list = term.texts === true ? new IdList() : undefined
    values.push(valuesOf(sqlite, term, sqlite.peek32(argv + 4 * i), list))
    texts.push(list)
  }
  return [values, texts]
}

function valuesOf(sqlite: Sqlite, term: PlanTerm, p: Pointer, texts?: IdList): TermValue[] {
  if (term.list === true) return listOf(sqlite, p, texts, term.bigints)
  const value = termValue(sqlite, p, term.bigints)
  return term.subtype === true ? [value, sqlite.raw.sqlite3_value_subtype(p)] : [value]
}

/** All values of an IN, but for the texts that go to `texts`: as objects of their own they take four times as long. */
function listOf(
  sqlite: Sqlite,
  list: Pointer,
  texts: IdList | undefined,
  bigints?: boolean,
): TermValue[] {
  const values: TermValue[] = []
  const { raw } = sqlite
  const out = sqlite.alloc(4)
  try {
    let code = raw.sqlite3_vtab_in_first(list, out)
    while (code === SQLITE_OK) {
      const p = sqlite.peek32(out)
      if (texts && raw.sqlite3_value_type(p) === SQLITE_TEXT) {
        const text = raw.sqlite3_value_text(p)
        texts.push(sqlite.u8, text, text + raw.sqlite3_value_bytes(p))
      } else values.push(termValue(sqlite, p, bigints))
      code = raw.sqlite3_vtab_in_next(list, out)
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
