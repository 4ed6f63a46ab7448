import { jsonErrorOf } from '../../core/json-error.ts'

/**
 * JSON.parse whose error names a line and quotes nothing. JavaScript's own error repeats the text, which may contain a
 * password.
 */
export function parseJson(text: string): unknown {
  const json = text.replace(/^\uFEFF/, '')
  try {
    return JSON.parse(json) as unknown
  } catch (error) {
    throw new SyntaxError(`line ${jsonErrorOf(json)?.line ?? 1} is not JSON`, {
      cause: error instanceof SyntaxError ? undefined : error,
    })
  }
}
