import assert from 'node:assert/strict'
import type { Connection } from '../../src/entries/main.ts'
import type { NativeDatabase } from '../native-sqlite.ts'

/** An answer in a file: rows, or a message. */
export type Recorded = readonly string[] | string

export function recorded(answer: Answer): Recorded {
  return 'error' in answer ? answer.error : answer.rows
}

export function answerIn(record: Recorded): Answer {
  return typeof record === 'string' ? { error: record } : { rows: record }
}

/** What a statement gives: rows whose values can be compared to the bit, or an error's message. */
export type Answer = { readonly rows: readonly string[] } | { readonly error: string }

export function answerOf(db: Connection | NativeDatabase, sql: string): Answer {
  try {
    const statement = db.prepare(sql)
    if (!/^(SELECT|WITH)\b/.test(sql)) {
      statement.run()
      return { rows: [] }
    }
    const rows =
      'rows' in statement ? statement.rows() : (statement.raw().safeIntegers().all() as unknown[][])
    return { rows: rows.map(row => row.map(exact).join(' | ')) }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}

/** INTEGER arrives as bigint, REAL as number: its eight bytes tell -0 from 0. */
function exact(value: unknown): string {
  if (value === null) return 'NULL'
  if (typeof value === 'bigint') return `INTEGER ${value}`
  if (typeof value === 'string') return `TEXT ${value}`
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleBE(value)
    return `REAL ${value} ${bytes.toString('hex')}`
  }
  assert.ok(value instanceof Uint8Array)
  return `BLOB ${Buffer.from(value).toString('hex')}`
}

/** Why our answer is another one; undefined for the same one. A message of ours may say more. */
export function difference(theirs: Answer, ours: Answer): string | undefined {
  const same =
    'error' in theirs
      ? 'error' in ours && ours.error.includes(theirs.error)
      : 'rows' in ours && ours.rows.join('\n') === theirs.rows.join('\n')
  return same ? undefined : `sqlite-vec: ${JSON.stringify(theirs)}; here: ${JSON.stringify(ours)}`
}
