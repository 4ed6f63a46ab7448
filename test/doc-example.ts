import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

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

/** Packages that an example may import by name. */
const PACKAGES = ['better-sqlite3', 'sqlite-vec']

/** Runs programs in one empty folder, where this package has its own name; returns what the last one prints. */
export function runPrograms(...programs: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'example-'))
  try {
    const modules = join(folder, 'node_modules')
    mkdirSync(modules)
    symlinkSync(process.cwd(), join(modules, 'sqlite-vec-ts'))
    for (const name of PACKAGES) {
      mkdirSync(dirname(join(modules, name)), { recursive: true })
      symlinkSync(resolve('node_modules', name), join(modules, name))
    }
    const env = { ...process.env }
    delete env['NODE_TEST_CONTEXT']
    let printed = ''
    for (const [i, program] of programs.entries()) {
      const file = join(folder, `example-${i}.mjs`)
      writeFileSync(file, program)
      printed = execFileSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', env })
    }
    return printed
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
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
