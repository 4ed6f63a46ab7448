import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { fences, type Fence } from '../doc-example.ts'

const FOLDER = 'docs/runtimes'

/** A section of a page in docs/runtimes/: blocks with a file name are files, `sh` names tools, `console` is run. */
export interface Recipe {
  readonly page: string
  readonly title: string
  readonly files: readonly Fence[]
  readonly tools: readonly string[]
  readonly consoles: readonly Fence[]
}

export const runtimePages: readonly string[] = readdirSync(FOLDER)
  .toSorted()
  .map(name => `${FOLDER}/${name}`)

/** The sections of a page that run something, each with the files that stand before the first section. */
export function recipesOf(page: string): Recipe[] {
  const blocks = fences(readFileSync(page, 'utf8'))
  const common = blocks.filter(({ section }) => section === '')
  const titles = [...new Set(blocks.map(({ section }) => section))].filter(title => title !== '')
  return titles.map(title => {
    const mine = [...common, ...blocks.filter(({ section }) => section === title)]
    return {
      page,
      title,
      files: mine.filter(({ info }) => info.split(' ').length === 2),
      tools: mine.filter(({ info }) => info === 'sh').flatMap(toolsOf),
      consoles: mine.filter(({ info }) => info === 'console'),
    }
  })
}

function toolsOf({ code, line }: Fence): string[] {
  return code
    .trim()
    .split('\n')
    .flatMap(command => {
      const [, names] = /^npm install (.+)$/.exec(command) ?? []
      assert.ok(names, `line ${line}: sh blocks install packages`)
      return names.split(' ').filter(name => name !== 'sqlite-vec-ts')
    })
}
