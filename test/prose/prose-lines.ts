/** One line of text that a person reads, with the number of its line in the file. */
export interface ProseLine {
  readonly line: number
  readonly text: string
}

/** Comments and strings of TypeScript, in the order of the file. */
const TOKENS = /\/\/[^\n]*|\/\*[^]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

/** The comments and strings of a source file, without the paths of imports. */
export function proseOfSource(source: string): ProseLine[] {
  const lines: ProseLine[] = []
  let line = 1
  let from = 0
  for (const { 0: token, index } of source.matchAll(TOKENS)) {
    line += newlines(source.slice(from, index))
    from = index
    if (/^'\.{1,2}\//.test(token)) continue
    // Of a template, the quotes themselves go: what they hold is not code.
    const text = token.startsWith('`') ? token.slice(1, -1).replaceAll(/\$\{[^{}]*\}/g, '…') : token
    for (const [i, part] of text.split('\n').entries()) {
      if (/\w/.test(part)) lines.push({ line: line + i, text: part })
    }
  }
  return lines
}

/** The lines of a Markdown page without fenced blocks. */
export function proseOfPage(page: string): ProseLine[] {
  const lines: ProseLine[] = []
  let fenced = false
  for (const [i, text] of page.split('\n').entries()) {
    if (/^\s*```/.test(text)) fenced = !fenced
    else if (!fenced && text.trim() !== '') lines.push({ line: i + 1, text })
  }
  return lines
}

export const isTableRow = (text: string): boolean => /^\s*\|/.test(text)

/** The text without names in backquotes and targets of links. */
export const withoutCode = (text: string): string =>
  text.replaceAll(/`[^`\n]*`/g, '`…`').replaceAll(/\]\([^)\s]*\)/g, ']')

/** The newest section of a changelog, with everything before it. */
export function newestSection(changelog: string): string {
  const [first, second] = changelog.matchAll(/^## /gm)
  return second === undefined || first === undefined ? changelog : changelog.slice(0, second.index)
}

function newlines(text: string): number {
  return text.split('\n').length - 1
}
