/**
 * JSON.parse whose error names a line and quotes nothing. JavaScript's own error repeats the text, which may contain a
 * password.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown
  } catch (error) {
    throw new SyntaxError(`line ${errorLine(text)} is not JSON`, {
      cause: error instanceof SyntaxError ? undefined : error,
    })
  }
}

/** The first line after which no text can be valid. Tokens of JSON end with their line. */
function errorLine(text: string): number {
  const lines = text.split('\n')
  for (let count = 1; count < lines.length; count++) {
    const prefix = lines.slice(0, count).join('\n').trimEnd()
    if (!goesOn(prefix)) return count
  }
  return lines.length
}

function goesOn(prefix: string): boolean {
  try {
    JSON.parse(prefix)
    return true
  } catch (error) {
    const { message } = error as SyntaxError
    // A string ends with its line.
    if (/Unterminated string/.test(message)) return false
    const [, position] = message.match(/at position (\d+)/) ?? []
    return /end of JSON/.test(message) || Number(position) >= prefix.length
  }
}
