import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { fences, promised, squeezed } from './doc-example.ts'
import { ExampleFolder } from './example-folder.ts'

const page = readFileSync('docs/api.md', 'utf8')
const prose = page.replaceAll(/^```[^]*?^```$/gm, '')

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, { types: string; default: string }>
}
const doors = Object.entries(exports)
  .filter(([name]) => !/\.\w+$/.test(name))
  .map(([name, { types, default: code }]) => ({
    name: name.replace('.', 'sqlite-vec-ts'),
    types,
    code,
  }))

/** The section of a door, without its examples. */
function sectionOf(door: string): string {
  const parts = prose.split(/^## /m)
  const found = parts.find(part => part.startsWith(`\`${door}\`\n`))
  return found ?? assert.fail(`docs/api.md has no section ## \`${door}\``)
}

/** Words that stand in backquotes. */
function words(text: string): Set<string> {
  const code = Array.from(text.matchAll(/`([^`]+)`/g), found => found[1])
  return new Set(code.flatMap(piece => piece.match(/[\w$]+/g) ?? []))
}

interface Export {
  readonly name: string
  /** What the name is where it is declared. */
  readonly original: string
  readonly type: boolean
  readonly file: string
}

/** What a door exports, types too, as its declarations have it. */
function exportsOf(types: string): Export[] {
  const text = readFileSync(types, 'utf8').replaceAll(/\/\*[^]*?\*\//g, '')
  const lists = text.matchAll(/export (type )?\{([^}]*)\} from '([^']+)'/g)
  return Array.from(lists, ([, typeOnly, list, from]) => {
    const file = join(dirname(types), from.replace(/\.ts$/, '.d.ts'))
    return list
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== '')
      .map(part => {
        const type = typeOnly !== undefined || part.startsWith('type ')
        const [original, name = original] = part.replace(/^type /, '').split(' as ')
        return { name, original, type, file }
      })
  }).flat()
}

/** The public members of an exported class or interface; none for anything else. */
function membersOf({ original, file }: Export): string[] {
  const text = readFileSync(file, 'utf8').replaceAll(/\/\*[^]*?\*\//g, '')
  const head = new RegExp(`^export (?:declare class|interface) ${original}\\b[^{]*\\{\\n`, 'm')
  const found = head.exec(text)
  if (!found) return []
  const body = text.slice(found.index + found[0].length).split(/^\}/m)[0]
  const members = body.matchAll(
    /^ {4}(?!protected |private |#)(?:readonly |get |set )*([a-z]\w*)[?]?[<(:]/gm,
  )
  return [...new Set(Array.from(members, member => member[1]))].filter(
    name => name !== 'constructor',
  )
}

for (const { name, types, code } of doors) {
  describe(`docs/api.md, ${name}`, () => {
    const section = sectionOf(name)
    const said = words(section)
    const exported = exportsOf(types)

    test('every exported name stands in its section', async () => {
      assert.ok(exported.length > 0)
      assert.deepEqual(
        exported.map(({ name: one }) => one).filter(one => !said.has(one)),
        [],
      )
      const values = Object.keys((await import(pathToFileURL(resolve(code)).href)) as object)
      assert.deepEqual(
        exported
          .filter(({ type }) => !type)
          .map(({ name: one }) => one)
          .toSorted(),
        values.toSorted(),
        'the declarations say the same as the code',
      )
    })

    test('every member of an exported class or interface stands on the page', () => {
      const everywhere = words(prose)
      const missing = exported.flatMap(one =>
        membersOf(one)
          .filter(member => !everywhere.has(member))
          .map(member => `${one.name}.${member}`),
      )
      assert.deepEqual(missing, [])
    })

    test('what a table calls an export is one', () => {
      const names = new Set(exported.map(({ name: one }) => one))
      const tables = section.matchAll(/^\| export \|.*\n\|[-|]+\n((?:\|.*\n)+)/gm)
      const rows = Array.from(tables, table => table[1].trim().split('\n')).flat()
      assert.ok(rows.length > 0)
      for (const row of rows) {
        const [, cell] = row.split(/(?<!\\)\|/)
        for (const [, one] of cell.matchAll(/`(\w+)/g)) assert.ok(names.has(one), `${one}: ${row}`)
      }
    })

    test('its examples print what they say', () => {
      const examples = fences(page).filter(fence => fence.section === `\`${name}\``)
      assert.ok(examples.length > 0)
      for (const { code: program, info, line } of examples) {
        assert.equal(info, 'js')
        const expected = promised(program)
        assert.notEqual(expected, '', `the example in line ${line} promises nothing`)
        using folder = new ExampleFolder()
        assert.equal(squeezed(folder.run(program)), squeezed(expected), `line ${line}`)
      }
    })
  })
}

test('members are found where they are declared', () => {
  const store = exportsOf('dist/src/entries/vector.d.ts').find(({ name }) => name === 'Store')!
  assert.deepEqual(membersOf(store), ['addDocuments', 'similaritySearch', 'remove'])
  const options = exportsOf('dist/src/entries/main.d.ts').find(
    ({ name }) => name === 'OpenOptions',
  )!
  assert.ok(membersOf(options).includes('busyTimeout'))
})

test('every door has its section, in the order of the list above', () => {
  const listed = Array.from(page.matchAll(/^\| \[`([^`]+)`\]/gm), found => found[1])
  const sections = Array.from(page.matchAll(/^## `([^`]+)`$/gm), found => found[1])
  assert.deepEqual(sections, listed)
  assert.deepEqual(listed.toSorted(), doors.map(({ name }) => name).toSorted())
})

/** The codes in the first column of a table. */
const codesOf = (text: string, head: RegExp) => {
  const table = text.split(head)[1].split('\n\n')[0]
  return table
    .split('\n')
    .flatMap(row =>
      Array.from((row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g), found => found[1]),
    )
}

test('every code of an error of replication is told: here, or as a halt in docs/sync.md', () => {
  const source = readFileSync('src/core/errors.ts', 'utf8')
  const codes = (type: string) => {
    const [, union] = new RegExp(`export type ${type} =\n([^]*?)\n\n`).exec(source)!
    return Array.from(union.matchAll(/'(\w+)'/g), found => found[1])
  }
  assert.deepEqual(
    codesOf(sectionOf('sqlite-vec-ts/vecsync'), /^\| code \| when \|$/m).toSorted(),
    codes('SyncErrorCode').toSorted(),
  )
  const sync = readFileSync('docs/sync.md', 'utf8')
  assert.deepEqual(
    codesOf(sync, /^\| code \| what happened \|.*$/m).toSorted(),
    codes('HaltCode').toSorted(),
  )
})
