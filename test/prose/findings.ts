import { readdirSync, readFileSync } from 'node:fs'
import { sources } from '../imports.ts'
import { newestSection, proseOfPage, proseOfSource } from './prose-lines.ts'
import { layoutOf, wordsIn, type Finding } from './rules.ts'

/** How many findings of each rule a file may have. */
export type Allowances = Readonly<Record<string, Readonly<Record<string, number>>>>

export const ALLOWANCES = 'test/prose/allowances.json'

/** What the prose of the repository has that the rules advise against. */
export function findingsNow(): Finding[] {
  const pages = [
    ...readdirSync('.'),
    ...readdirSync('docs', { recursive: true }).map(name => `docs/${String(name)}`),
  ]
  return [
    ...sources('src').flatMap(file => wordsIn(file, proseOfSource(readFileSync(file, 'utf8')))),
    ...pages
      .filter(name => name.endsWith('.md'))
      .toSorted()
      .flatMap(file => {
        const text = readFileSync(file, 'utf8')
        const lines = proseOfPage(file === 'CHANGELOG.md' ? newestSection(text) : text)
        return wordsIn(file, lines).concat(layoutOf(file, lines))
      }),
  ]
}

export function counted(findings: readonly Finding[]): Record<string, Record<string, number>> {
  const counts: Record<string, Record<string, number>> = {}
  for (const { file, rule } of findings) {
    const ofFile = (counts[file] ??= {})
    ofFile[rule] = (ofFile[rule] ?? 0) + 1
  }
  return counts
}

export function readAllowances(): Allowances {
  return JSON.parse(readFileSync(ALLOWANCES, 'utf8')) as Allowances
}
