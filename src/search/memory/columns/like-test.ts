import { Utf8 } from '../../../core/utf8.ts'
import type { StoredColumn } from '../../schema/table-schema.ts'
import type { Cell } from './cell.ts'
import type { CellTest } from './column-test.ts'

/** A pattern of ASCII alone, with at most one wildcard, at its end. ASCII has one form in UTF-8. */
const LIKE = /^([ -$&-^`-~]*)(%?)$/
const GLOB = /^([ -)+->@-Z\\-~]*)(\*?)$/

/**
 * `column LIKE pattern` and `column GLOB pattern` for a text column, if the pattern is a prefix or a complete text.
 * Undefined for other patterns.
 */
export function patternTest(
  column: StoredColumn,
  operator: 'LIKE' | 'GLOB',
  pattern: Cell,
  foldsCase: boolean,
): CellTest | undefined {
  if (column.type !== 'TEXT' || !(pattern instanceof Utf8)) return undefined
  const match = (operator === 'LIKE' ? LIKE : GLOB).exec(String(pattern))
  if (!match) return undefined
  const folds = operator === 'LIKE' && foldsCase
  const wanted = new TextEncoder().encode(folds ? match[1].toUpperCase() : match[1])
  const whole = match[2] === ''
  const passes = (cell: Cell): boolean => {
    // A blob counts as text here.
    const bytes = cell instanceof Utf8 ? cell.bytes : cell
    return bytes instanceof Uint8Array && begins(bytes, wanted, folds, whole)
  }
  return { kind: 'cell', column, passes, ranges: [] }
}

function begins(bytes: Uint8Array, wanted: Uint8Array, folds: boolean, whole: boolean): boolean {
  // Patterns read a text only up to its first zero byte.
  if (whole && bytes.length > wanted.length && bytes[wanted.length] !== 0) return false
  if (bytes.length < wanted.length) return false
  for (let i = 0; i < wanted.length; i++) {
    if ((folds ? upper(bytes[i]) : bytes[i]) !== wanted[i]) return false
  }
  return true
}

/** SQLite ignores the case of ASCII alone. */
function upper(byte: number): number {
  return byte >= 97 && byte <= 122 ? byte - 32 : byte
}
