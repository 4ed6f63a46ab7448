import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'

/** The house: a file imports only from lower floors; rooms on one floor are strangers. */
const FLOORS: readonly (readonly string[])[] = [
  // The ground: what every room may say.
  ['errors.ts', 'inspect.ts', 'version.ts'],
  ['known-word.ts'],
  ['vector', 'bytes'],
  ['kernels', 'schema', 'filter', 'chunking'],
  ['engine', 'indexes'],
  ['store'],
  ['tables', 'collection', 'sync'],
]
/** The top floor: a door re-exports, in a few lines. */
const DOORS: ReadonlySet<string> = new Set([
  'main',
  'engine',
  'vec',
  'vecadmin',
  'vecsync',
  'vector',
  'vecutil',
  'indexes',
])
/** Above the house: what uses the doors only. */
const ROOF = ['src/cli', 'playground', 'bench', 'examples']

/** Imports that break a rule, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {}

interface Import {
  readonly from: string
  readonly to: string
}

function sources(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter(name => name.endsWith('.ts') && !name.endsWith('.wasm.ts'))
    .map(name => join(folder, name))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8')
  const lines = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)/g,
  )
  return Array.from(lines, found => found[1] ?? found[2])
    .filter(path => path.startsWith('.'))
    .map(path => ({ from: file, to: normalize(join(dirname(file), path)) }))
}

/** The room of a file under src, and its floor; doors are on the top floor. */
function roomOf(file: string): { room: string; floor: number } {
  const [, room] = file.split('/')
  const floor = FLOORS.findIndex(rooms => rooms.includes(room))
  if (floor >= 0) return { room, floor }
  assert.ok(DOORS.has(room.replace(/\.ts$/, '')), `${file} stands on no floor`)
  return { room, floor: FLOORS.length }
}

const house = sources('src')
  .filter(file => !ROOF.some(folder => file.startsWith(`${folder}/`)))
  .flatMap(importsOf)

test('every import goes down, or stays in its room', () => {
  assert.ok(house.length > 100)
  const wrong = house.filter(({ from, to }) => {
    const a = roomOf(from)
    const b = roomOf(to)
    return a.room !== b.room && a.floor <= b.floor && !(`${from} -> ${to}` in EXCEPTIONS)
  })
  assert.deepEqual(wrong, [])
})

test('every exception is still needed', () => {
  const present = new Set(house.map(({ from, to }) => `${from} -> ${to}`))
  assert.deepEqual(
    Object.keys(EXCEPTIONS).filter(exception => !present.has(exception)),
    [],
  )
})

test('tables are tied to the engine by one file alone', () => {
  const registering = sources('src/tables').filter(file =>
    /\bregisterModule\(/.test(readFileSync(file, 'utf8')),
  )
  assert.deepEqual(registering, ['src/tables/register.ts'])
})

test('doors only re-export', () => {
  for (const door of sources('src').filter(file => file.split('/').length === 2)) {
    const name = door.slice('src/'.length)
    if (FLOORS.some(rooms => rooms.includes(name))) continue
    const rest = readFileSync(door, 'utf8')
      .replaceAll(/\/\*[\s\S]*?\*\//g, '')
      .replaceAll(/export\s+(type\s+)?(\*|\{[^}]*\})\s+from\s+'[^']+'/g, '')
    assert.equal(rest.trim(), '', `${door} does more than re-export`)
  }
})

test('what stands on the roof uses the doors', () => {
  for (const folder of ROOF) {
    for (const { from, to } of sources(folder).flatMap(importsOf)) {
      const [top, door, ...deeper] = to.split('/')
      if (top !== 'src' || to.startsWith(`${folder}/`)) continue
      assert.ok(
        deeper.length === 0 && DOORS.has(door.replace(/\.ts$/, '')),
        `${from} imports ${to}, which is no door`,
      )
    }
  }
})

test('what the engine is made of stays in the engine', () => {
  const users = house.filter(
    ({ from, to }) =>
      /^src\/engine\/(wasm|values|handle)\.ts$/.test(to) && !from.startsWith('src/engine/'),
  )
  // Keys are bound as they were read, byte for byte; values have a type.
  assert.deepEqual(
    users.filter(({ to }) => !to.endsWith('/values.ts')),
    [],
  )
})

test('an algorithm imports no sibling: folders of indexes know the interface, kernels and themselves', () => {
  // Made of the others, none of which knows them: one chooses between them, one checks what callers give.
  const above = new Set(['auto', 'checked'])
  for (const { from, to } of sources('src/indexes').flatMap(importsOf)) {
    const [, , mine] = from.split('/')
    const [, room, theirs, file] = to.split('/')
    if (room !== 'indexes' || file === undefined || above.has(mine)) continue
    assert.equal(theirs, mine, `${from} imports ${to}`)
  }
})
