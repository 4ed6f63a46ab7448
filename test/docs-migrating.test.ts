import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openSqliteVec, type NativeDatabase } from '../bench/peers/native.ts'
import { open, type Connection } from '../src/entries/main.ts'
import { answered, fences, promised, squeezed } from './doc-example.ts'
import { ExampleFolder } from './example-folder.ts'
import { rules, shownElsewhere } from './golden-sql/differences.ts'

const page = readFileSync('docs/migrating.md', 'utf8')
const blocks = fences(page)

/** The one block that is marked so. */
function block(info: string): string {
  const found = blocks.filter(one => one.info === info)
  assert.equal(found.length, 1, info)
  return found[0].code
}

/** Rows of the table under a heading, as their cells. */
function table(heading: string): string[][] {
  const section = page.split(new RegExp(`^#+ ${heading}$`, 'm'))[1].split(/^#/m)[0]
  const rows = section.split('\n').filter(line => line.startsWith('|'))
  return rows.slice(2).map(row => row.slice(1, -1).split(' | '))
}

const named = (text: string) => Array.from(text.matchAll(/`(\w+)/g), found => found[1])

const prints = (folder: ExampleFolder, info: string) => {
  const program = block(info)
  assert.notEqual(promised(program), '')
  assert.equal(squeezed(folder.run(program)), squeezed(promised(program)))
}

async function stored(path: string): Promise<unknown[]> {
  using db = await open(path, { exclusive: true })
  return db
    .prepare('SELECT shadow_table_name, dataset_id, "index" FROM vector_storage ORDER BY 1, 2')
    .all()
}

describe('from the original', () => {
  let folder: ExampleFolder
  before(async () => {
    folder = new ExampleFolder()
    const path = join(folder.path, 'old.sqlite')
    copyFileSync('test/golden/db/two.db', path)
    // As the original leaves its files.
    using db = await open(path, { exclusive: true })
    assert.equal(db.pragma('journal_mode = WAL', { simple: true }), 'wal')
  })
  after(() => folder[Symbol.dispose]())

  test('its file opens as the page says', () => prints(folder, 'js old.sqlite'))

  test(
    'a file is given back with the indexes that the original wrote, byte for byte',
    { skip: existsSync('src/viant/export/export.ts') ? false : 'vec_admin has no export: yet' },
    async () => {
      prints(folder, 'js old.sqlite export')
      const [expected] = await stored('test/golden/db/two.db')
      const [given] = await stored(join(folder.path, 'old.sqlite'))
      assert.deepEqual(given, expected)
    },
  )

  test('what is called an export of a door is one', async () => {
    const rows = table('Packages')
    assert.ok(rows.length > 15)
    for (const [, here, door] of rows) {
      const [name] = /sqlite-vec-ts[/\w]*/.exec(door) ?? []
      if (name === undefined) continue
      const file = name === 'sqlite-vec-ts' ? 'main' : name.split('/')[1]
      const types = readFileSync(`dist/src/entries/${file}.d.ts`, 'utf8')
      const [first] = named(here.replaceAll('`new ', '`'))
      assert.match(types, new RegExp(`\\b${first}\\b`), `${first} of ${name}`)
    }
  })

  test('every difference of docs/sql.md is sorted in, once', () => {
    const keys = table('What you may notice').flatMap(([, cell]) =>
      Array.from(cell.matchAll(/`([a-z-]+)`/g), found => found[1]),
    )
    const known = [...rules.map(rule => rule.id), ...Object.keys(shownElsewhere)]
    assert.deepEqual(keys.toSorted(), known.toSorted())
  })
})

/** Ids are numbers there and texts here, distances float32 there and double here. */
const alike = (rows: unknown) =>
  JSON.parse(JSON.stringify(rows), (_, value: unknown) => {
    if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value)
    return typeof value === 'number' ? Number(value.toFixed(5)) : value
  }) as unknown

const peer = openSqliteVec(':memory:')
peer?.close()
const skip = peer ? false : 'sqlite-vec or better-sqlite3 cannot be loaded here'

describe('from sqlite-vec', { skip }, () => {
  let folder: ExampleFolder
  let theirs: NativeDatabase
  let ours: Connection
  before(async () => {
    folder = new ExampleFolder()
    theirs = openSqliteVec(join(folder.path, 'items.sqlite'))!
    ours = await open(':memory:')
  })
  after(() => {
    theirs.close()
    ours.close()
    folder[Symbol.dispose]()
  })

  test('the same questions have the same answers, there and here', () => {
    const asked = { vec0: answered(block('sql vec0')), here: answered(block('sql here')) }
    const answers = { vec0: [] as unknown[], here: [] as unknown[] }
    for (const { sql, expected } of asked.vec0) {
      if (expected === undefined) theirs.exec(sql)
      else answers.vec0.push(theirs.prepare(sql).raw().all())
    }
    for (const { sql, expected } of asked.here) {
      if (expected === undefined) ours.exec(sql)
      else answers.here.push(ours.prepare(sql).raw().all())
    }
    const promises = (statements: typeof asked.here) =>
      statements.map(({ expected }) => expected).filter(expected => expected !== undefined)
    assert.deepEqual(answers.vec0, promises(asked.vec0))
    assert.deepEqual(answers.here, promises(asked.here))
    assert.ok(answers.here.length >= 5)
    assert.deepEqual(alike(answers.vec0), alike(answers.here))
  })

  test('every function of sqlite-vec is in the table, and those called the same are', () => {
    const list = "SELECT DISTINCT name FROM pragma_function_list WHERE name LIKE 'vec%'"
    const functions = theirs.prepare(list).pluck().all() as string[]
    const modules = theirs
      .prepare("SELECT name FROM pragma_module_list WHERE name LIKE 'vec%' AND name <> 'vec0'")
      .pluck()
      .all() as string[]
    const rows = table('Functions')
    assert.deepEqual(
      rows.flatMap(([cell]) => named(cell)).toSorted(),
      [...functions, ...modules].toSorted(),
    )
    const here = new Set([
      ...ours.prepare(list).pluck().all(),
      ...ours.prepare('SELECT name FROM pragma_module_list').pluck().all(),
    ])
    for (const [cell, what] of rows) {
      for (const name of named(cell)) assert.equal(here.has(name), !what.startsWith('none'), name)
    }
    for (const call of [
      "hex(vec_f32('[0.1, -2, 3e5]'))",
      "hex(vec_normalize('[3, 4]'))",
      "vec_length('[1, 2, 3]')",
      "vec_distance_l2('[0.5, 1]', '[3, 4]')",
      "vec_distance_cosine('[0.5, 1]', '[3, 4]')",
      "vec_to_json('[0.1]')",
    ]) {
      const asked = `SELECT ${call}`
      const [there, answer] = [
        theirs.prepare(asked).pluck().get(),
        ours.prepare(asked).pluck().get(),
      ]
      assert.deepEqual(answer, there, call)
    }
  })

  test('its metric is L2 and ours the cosine, unless told otherwise', () => {
    theirs.exec('CREATE VIRTUAL TABLE plain USING vec0(embedding float[2])')
    theirs.exec("INSERT INTO plain(rowid, embedding) VALUES (1, '[3, 4]')")
    ours.exec('CREATE VIRTUAL TABLE plain USING vec(doc_id)')
    ours.exec(
      "INSERT INTO _vec_plain(dataset_id, id, embedding) VALUES ('all', '1', vec_f32('[3, 4]'))",
    )
    const there = theirs.prepare(
      "SELECT distance FROM plain WHERE embedding MATCH '[0, 4]' AND k = 1",
    )
    const here = ours.prepare(
      "SELECT round(distance, 9) FROM plain WHERE dataset_id = 'all' AND doc_id MATCH '[0, 4]' AND k = 1",
    )
    assert.equal(there.pluck().get(), 3)
    assert.equal(here.pluck().get(), 0.2)
  })

  test('the program that moves the data moves it', () => prints(folder, 'js items.sqlite'))

  test(
    'svec moves it too',
    { skip: existsSync('src/cli/commands/import.ts') ? false : 'there is no svec import yet' },
    async () => {
      const moved = join(folder.path, 'moved.sqlite')
      const first = await open(moved)
      const documents = 'SELECT dataset_id, id, content, embedding FROM _vec_items ORDER BY id'
      const expected = first.prepare(documents).all()
      first.exec('DROP TABLE items; DROP TABLE _vec_items')
      first.close()
      for (const line of block('sh items.sqlite').trim().split('\n')) {
        const [name, ...words] = line.split(' ')
        assert.equal(name, 'svec')
        folder.command(process.execPath, [resolve('dist/src/cli/main.js'), ...words])
      }
      using db = await open(moved)
      assert.deepEqual(db.prepare(documents).all(), expected)
      const years = db.prepare("SELECT json_extract(meta, '$.year') FROM _vec_items ORDER BY id")
      assert.deepEqual(years.pluck().all(), [2001, 2010, 2012, 2020])
    },
  )
})

test('every block of docs/migrating.md is one of those above', () => {
  assert.deepEqual(blocks.map(({ info }) => info).toSorted(), [
    'js items.sqlite',
    'js old.sqlite',
    'js old.sqlite export',
    'sh items.sqlite',
    'sql here',
    'sql vec0',
  ])
})
