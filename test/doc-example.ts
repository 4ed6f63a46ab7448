/** A fenced block of a page. */
export interface Fence {
  /** What stands behind the backquotes. */
  readonly info: string
  readonly code: string
  readonly line: number
  /** The last `##` heading above it. */
  readonly section: string
}

export function fences(page: string): Fence[] {
  return Array.from(
    page.matchAll(/^```([^\n]*)\n([^]*?)^```$/gm),
    ({ index, 1: info, 2: code }) => {
      const above = page.slice(0, index)
      return {
        info,
        code,
        line: above.split('\n').length,
        section:
          above
            .match(/^## .*$/gm)
            ?.at(-1)
            ?.slice(3) ?? '',
      }
    },
  )
}

/** The comment lines that say what was printed: those right behind a line of code, not behind a blank one. */
export function promised(code: string): string {
  const lines: string[] = []
  let behind = false
  for (const line of code.split('\n')) {
    if (line.startsWith('// ')) {
      if (behind) lines.push(line.slice(3))
    } else behind = line !== ''
  }
  return lines.join('\n')
}

/** One blank for any white space: how wide a value is printed is no part of a promise. */
export function squeezed(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

/** The statements of a block of SQL, each with the answer that stands in a line behind it. */
export function answered(code: string): { readonly sql: string; readonly expected?: unknown }[] {
  const statements = code.matchAll(/([^]*?;)\s*(?:\n-- => (.*))?(?=\n|$)/g)
  return Array.from(statements, ([, sql, expected]) =>
    expected === undefined ? { sql } : { sql, expected: JSON.parse(expected) as unknown },
  )
}
