/** The deepest nesting of JSON that the JSON functions of SQLite read. They call anything deeper malformed. */
export const JSON_DEPTH = 1000

/** Whether JSON text is nested more deeply than SQLite reads. */
export function isTooDeep(json: string): boolean {
  if (json.length <= 2 * JSON_DEPTH) return false
  let depth = 0
  let inString = false
  for (let i = 0; i < json.length; i++) {
    const c = json[i]
    if (inString) {
      if (c === '\\') i++
      else if (c === '"') inString = false
    } else if (c === '"') inString = true
    else if (c === '[' || c === '{') {
      if (++depth > JSON_DEPTH) return true
    } else if (c === ']' || c === '}') depth--
  }
  return false
}
