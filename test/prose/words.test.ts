import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { counted, findingsNow, readAllowances } from './findings.ts'
import { newestSection, proseOfPage, proseOfSource } from './prose-lines.ts'
import { layoutOf, wordsIn } from './rules.ts'

const found = (text: string): string[] => wordsIn('x', [{ line: 1, text }]).map(({ rule }) => rule)
const layout = (page: string): string[] =>
  layoutOf('x', proseOfPage(page)).map(({ line, rule }) => `${line} ${rule}`)

describe('the rules', () => {
  test('a word is found in any of its forms, and not inside another word', () => {
    assert.deepEqual(found('Nobody mends the ghosts of two slices.'), [
      'nobody',
      'mend',
      'slice',
      'ghost',
    ])
    assert.deepEqual(found('Recommend a classroom, an indoor plan; understand it.'), [])
  })

  test("'is no' is found, 'there is no' is not", () => {
    assert.deepEqual(found('x is no number; it has no rows'), ['is no', 'is no'])
    assert.deepEqual(found('There is no row, and there are no others; it is no longer open.'), [])
  })

  test('a message says what was expected, and a rate is per something', () => {
    assert.deepEqual(found('k is 0: a whole number from 1 is expected'), [
      'is expected',
      'whole number',
    ])
    assert.deepEqual(found('The id exists already; leave the option out: 4 bytes a number.'), [
      'exists already',
      'one a',
      'leave out',
    ])
    assert.deepEqual(found('It is expected to be one per line, as an integer.'), [])
  })

  test("'stand for' is English", () => {
    assert.deepEqual(found('k stands for a number. What stood here is a stand-alone file.'), [
      'stand',
    ])
  })

  test('names in backquotes are code', () => {
    assert.deepEqual(found('`bytes.slice()` copies'), [])
  })

  test('comments and strings of a source file are prose; names and paths are not', () => {
    const source = [
      "import { slice } from './slice.ts'",
      '// the first slice',
      'const ghost = text.slice(1)',
      '/**',
      ' * a room',
      ' */',
      "throw new Error(`nobody at ${door}`, { hint: 'mend it' })",
    ].join('\n')
    const lines = wordsIn('x', proseOfSource(source)).map(({ line, rule }) => `${line} ${rule}`)
    assert.deepEqual(lines, ['2 slice', '5 room', '7 nobody', '7 mend'])
  })

  test('a page has short lines of one sentence each, outside of tables and fences', () => {
    const long = 'word '.repeat(30)
    const page = [
      'One. Two.',
      long,
      `| ${long} |`,
      '```',
      long,
      '```',
      '1. First, e.g. This.',
    ].join('\n')
    assert.deepEqual(layout(page), ['1 sentences', '2 long line'])
    assert.deepEqual(layout('It ends. `code` begins.\nNode 20.20 and v. 3 are one.'), [
      '1 sentences',
    ])
  })

  test('of a changelog only the newest section counts', () => {
    assert.equal(newestSection('# C\n## 2\nnew\n## 1\nold\n'), '# C\n## 2\nnew\n')
  })
})

describe('the repository', () => {
  const findings = findingsNow()
  const now = counted(findings)
  const allowances = readAllowances()

  test('no file has more findings than test/prose/allowances.json allows', () => {
    const tooMany = findings.filter(
      ({ file, rule }) => now[file][rule] > (allowances[file]?.[rule] ?? 0),
    )
    const told = tooMany.map(({ file, line, rule, message }) => {
      const allowed = allowances[file]?.[rule] ?? 0
      return `${file}:${line}: ${message}${allowed > 0 ? ` (${allowed} allowed, ${now[file][rule]} found)` : ''}`
    })
    assert.equal(told.length, 0, `\n${told.join('\n')}\n`)
  })

  test('no allowance is larger than needed: `npm run prose` lowers them', () => {
    const generous = Object.entries(allowances).flatMap(([file, rules]) =>
      Object.entries(rules)
        .filter(([rule, allowed]) => allowed > (now[file]?.[rule] ?? 0))
        .map(
          ([rule, allowed]) =>
            `${file}: ${rule}: ${allowed} allowed, ${now[file]?.[rule] ?? 0} found`,
        ),
    )
    assert.equal(generous.length, 0, `\n${generous.join('\n')}\n`)
  })
})
