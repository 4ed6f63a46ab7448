import type { Utf8 } from '../../../core/utf8.ts'

/** SQLite refuses JSON that is nested deeper. */
const MAX_DEPTH = 1000

/**
 * The texts in a JSON array, or none for any other text: as json_each() returns them if json_valid() accepts the text.
 */
export function textElements(json: Utf8): string[] {
  const text = String(json)
  if (!/^[ \t\n\r]*\[/.test(text)) return []
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return []
  }
  if (!Array.isArray(value) || isTooDeep(value)) return []
  return value.filter(element => typeof element === 'string')
}

function isTooDeep(value: readonly unknown[]): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true
    level = level.flatMap(one =>
      typeof one === 'object' && one !== null ? Object.values(one) : [],
    )
    level = level.filter(one => typeof one === 'object' && one !== null)
  }
  return false
}
