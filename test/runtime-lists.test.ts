import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { sources } from './imports.ts'

interface Suite {
  readonly EXCLUDED: Readonly<Record<string, string>>
  readonly EXCLUDED_LANES: Readonly<Record<string, string>>
  readonly CORE: readonly string[]
  suite(this: void): readonly { readonly file: string; readonly reason?: string }[]
  filesOf(this: void, options?: { readonly core?: boolean }): readonly string[]
}

interface Row {
  readonly name: string
  readonly version: string
  readonly what: string
  readonly files: number
  readonly passed: number
  readonly left: number
  readonly failed: number
  readonly date: string
}

interface Matrix {
  readonly RUNTIMES: Readonly<Record<string, { readonly name: string }>>
  merged(this: void, page: string, row: Row): string
}

const script = async <T>(name: string): Promise<T> =>
  (await import(pathToFileURL(resolve('scripts', name)).href)) as T

/** Modules that TypeScript does not build. */
const { EXCLUDED, EXCLUDED_LANES, CORE, suite, filesOf } = await script<Suite>('runtime-suite.mjs')
const { laneOf } = await script<{ laneOf(this: void, file: string): string }>('lanes.mjs')

const { RUNTIMES, merged } = await script<Matrix>('matrix.mjs')

const { VERSIONS } = await script<{ VERSIONS: Readonly<Record<string, string>> }>('runtimes.mjs')

const PAGE = readFileSync('docs/runtimes/versions.md', 'utf8')

const files = sources('test')
  .filter(file => file.endsWith('.test.ts'))
  .map(file => file.slice('test/'.length))

/** The rows of the table of docs/runtimes/versions.md, as beginnings with the reason. */
function tableOfDocs(): Record<string, string> {
  const [, table] = /\| files \| reason \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(PAGE) ?? ['', '']
  const rows = table.trimEnd().split('\n')
  const entries = rows.flatMap(row => {
    const [, what, reason] = row.split('|').map(cell => cell.trim())
    return Array.from(what.matchAll(/(the lane )?`([^`]+)`/g), ([, lane = '', name]) => [lane + name, reason]) // prettier-ignore
  })
  return Object.fromEntries(entries) as Record<string, string>
}

describe('the test files that Bun and Deno do not run', () => {
  test('are those of the table in docs/runtimes/versions.md', () => {
    const lanes = Object.entries(EXCLUDED_LANES).map(([lane, reason]) => [
      `the lane ${lane}`,
      reason,
    ])
    assert.deepEqual(tableOfDocs(), { ...EXCLUDED, ...(Object.fromEntries(lanes) as object) })
  })

  test('are named by beginnings and lanes that have files, each for a reason of its own', () => {
    for (const beginning of [...Object.keys(EXCLUDED), ...CORE])
      assert.ok(
        files.some(file => file.startsWith(beginning)),
        `no test file begins with ${beginning}`,
      )
    for (const lane of Object.keys(EXCLUDED_LANES))
      assert.ok(
        files.some(file => laneOf(file) === lane),
        lane,
      )
    for (const { file, reason } of suite())
      if (reason !== undefined) {
        const fitting = Object.keys(EXCLUDED).filter(beginning => file.startsWith(beginning))
        assert.ok(fitting.length < 2, `${file} begins with ${fitting.join(' and ')}`)
      }
  })

  test('are no others than these', () => {
    const left = new Set(filesOf())
    const excluded = files.filter(file => !left.has(file))
    for (const file of excluded)
      assert.ok(
        laneOf(file) in EXCLUDED_LANES ||
          Object.keys(EXCLUDED).some(beginning => file.startsWith(beginning)),
        `${file} does not run, for no reason`,
      )
    assert.equal(left.size + excluded.length, files.length)
    assert.ok(left.size > 300)
  })

  test('leave the core whole', () => {
    const core = files.filter(file => CORE.some(beginning => file.startsWith(beginning)))
    assert.ok(core.length > 100)
    assert.deepEqual(filesOf({ core: true }).toSorted(), core.toSorted())
  })
})

const othersThanBun = (page: string): string[] =>
  page.split('\n').filter(line => !line.startsWith('| Bun |'))

describe('the table of results in docs/runtimes/versions.md', () => {
  const [, table] = /<!-- matrix:.*-->\n.*\n.*\n([^]*)<!-- end of matrix -->/.exec(PAGE) ?? ['', '']
  const rows = table
    .trimEnd()
    .split('\n')
    .map(row => row.split('|').map(cell => cell.trim()))

  test('has its rows in the order of the runtimes', () => {
    const named = rows.map(([, name]) => name)
    const known = Object.values(RUNTIMES).map(({ name }) => name)
    assert.ok(named.length > 0)
    assert.deepEqual(
      named,
      known.filter(name => named.includes(name)),
    )
  })

  test('names tests that passed, and none that failed, under the versions of scripts/runtimes.mjs', () => {
    for (const [, name, version, , count, passed, , failed, date] of rows) {
      const [runtime] = Object.entries(RUNTIMES).find(([, each]) => each.name === name)!
      const wanted = VERSIONS[runtime]?.replace(/^.*@/, '')
      if (wanted !== undefined) assert.equal(version, wanted, name)
      assert.ok(Number(count) > 0 && Number(passed.replaceAll(',', '')) > 0, name)
      assert.equal(failed, '0', name)
      assert.match(date, /^\d{4}-\d\d-\d\d$/)
    }
  })

  test('takes the row of a run in place of an older one, and keeps the others', () => {
    const run = { name: 'Bun', version: '9.8.7', what: 'two files', files: 2, passed: 3456, left: 1, failed: 0, date: '2030-01-02' } // prettier-ignore
    const once = merged(PAGE, run)
    assert.match(once, /^\| Bun \| 9\.8\.7 \| two files \| 2 \| 3,456 \| 1 \| 0 \| 2030-01-02 \|$/m)
    assert.deepEqual(othersThanBun(once), othersThanBun(PAGE))
    assert.equal(merged(once, run), once)
    assert.throws(() => merged('a page without a table', run), /between the marks/)
  })
})
