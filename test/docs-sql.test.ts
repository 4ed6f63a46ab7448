import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { open } from '../src/entries/main.ts'
import { answered, fences } from './doc-example.ts'
import { rules, shownElsewhere } from './golden-sql/differences.ts'

const page = readFileSync('docs/sql.md', 'utf8')

/** Rows of the table under a heading, as their cells. */
function table(heading: string, text = page): string[][] {
  const section = text.split(new RegExp(`^#+ ${heading}$`, 'm'))[1]?.split(/^#+ /m)[0] ?? ''
  return section
    .split('\n')
    .filter(line => line.startsWith('|'))
    .map(line =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map(cell => cell.trim()),
    )
    .slice(2)
}

function names(rows: string[][]): string[] {
  return rows.map(([cell]) => /`(\w+)/.exec(cell)![1]).toSorted()
}

function source(path: string): string {
  return readFileSync(path, 'utf8')
}

test('the examples answer as the page says', async () => {
  using db = await open(':memory:')
  let answers = 0
  for (const { code, info } of fences(page)) {
    assert.equal(info, 'sql')
    for (const { sql, expected } of answered(code)) {
      if (expected === undefined) db.exec(sql)
      else {
        answers++
        assert.deepEqual(db.prepare(sql).raw().all(), expected, sql)
      }
    }
  }
  assert.ok(answers >= 10)
})

test('the table of plans is that of the source', () => {
  const text = source('src/tables/vec/vec-plan.ts').replaceAll(/^ \* ?/gm, '')
  const [quoted] = /\| word [\s\S]*?\n(?=\n| \*\/|\/|export)/.exec(text) ?? []
  const rows = (quoted ?? '').split('\n').filter(line => line.startsWith('|'))
  assert.ok(rows.length > 5)
  for (const row of rows) assert.ok(page.includes(row), row)
})

test('the differences are those of the recorded answers', () => {
  const listed = table('Differences from the original').map(([id]) => id.replaceAll('`', ''))
  assert.deepEqual(
    listed.toSorted(),
    [...rules.map(rule => rule.id), ...Object.keys(shownElsewhere)].toSorted(),
  )
})

test('every option, column, function and error code of the source is on the page, and no other', async () => {
  using db = await open(':memory:')
  const [, keys] = /const KEYS = \[([^\]]*)\]/.exec(source('src/tables/vec/vec-options.ts'))!
  assert.deepEqual(
    names(table('Options')),
    Array.from(keys.matchAll(/'(\w+)'/g), found => found[1]).toSorted(),
  )

  const functions = db
    .prepare("SELECT DISTINCT name FROM pragma_function_list WHERE name LIKE 'vec\\_%' ESCAPE '\\'")
    .pluck()
    .all() as string[]
  assert.deepEqual(names(table('Functions')), functions.toSorted())

  const codes = Array.from(source('src/core/errors.ts').matchAll(/'(VEC_\w+)'/g), found => found[1])
  assert.deepEqual(
    names(table('Errors')).filter(name => name.startsWith('VEC')),
    [...new Set(codes)].toSorted(),
  )

  db.exec('CREATE VIRTUAL TABLE docs USING vec(doc_id)')
  const columns = db
    .prepare("SELECT name FROM pragma_table_xinfo('docs')")
    .pluck()
    .all() as string[]
  const told = table('Columns of a vec table').flatMap(([cell]) =>
    Array.from(cell.matchAll(/`(\w+)`/g), found => found[1]),
  )
  assert.deepEqual(
    told.filter(name => columns.includes(name)),
    // The page does not name the column that is called like the table.
    columns.filter(name => name !== 'docs'),
  )
})
