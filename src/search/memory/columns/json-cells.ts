import { isTooDeep } from '../../../core/json-depth.ts'
import type { Utf8 } from '../../../core/utf8.ts'

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
  if (!Array.isArray(value) || isTooDeep(text)) return []
  return value.filter(element => typeof element === 'string')
}
