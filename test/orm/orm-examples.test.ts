import assert from 'node:assert/strict'
import { cpSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ExampleFolder } from '../example-folder.ts'

/** Uses both examples, on files that it opens twice; and types that must not compile. */
const PROGRAM = `
import { eq } from 'drizzle-orm'
import * as drizzle from './drizzle.ts'
import * as kysely from './kysely.ts'

const vector = (...numbers: number[]): Float32Array => Float32Array.from(numbers)
const migrations = './drizzle-migrations'

async function kyselyNotes(): Promise<void> {
  const first = await kysely.notesOf('kysely.sqlite')
  await first
    .insertInto('notes')
    .values([
      { dataset_id: 'a', note_id: 'east', content: 'right', embedding: vector(1, 0) },
      { dataset_id: 'a', note_id: 'north', content: 'up', embedding: vector(0, 1) },
      { dataset_id: 'b', note_id: 'other', content: null, embedding: vector(0, 1) },
    ])
    .execute()
  await first.destroy()
  const db = await kysely.notesOf('kysely.sqlite')
  console.log(JSON.stringify(await kysely.nearest(db, 'a', vector(0, 3), 1)))
  await db.deleteFrom('notes').where('dataset_id', '=', 'a').where('note_id', '=', 'north').execute()
  console.log(JSON.stringify(await kysely.nearest(db, 'a', vector(0, 3), 9)))
  // @ts-expect-error a score is not written
  const bad = () => db.insertInto('notes').values({ dataset_id: 'a', note_id: 'x', embedding: vector(1), match_score: 1 })
  console.log(typeof bad)
  await db.destroy()
}

function drizzleNotes(): void {
  const { notes } = drizzle
  drizzle
    .notesOf('drizzle.sqlite', migrations)
    .insert(notes)
    .values([
      { datasetId: 'a', noteId: 'east', content: 'right', embedding: vector(1, 0) },
      { datasetId: 'a', noteId: 'north', content: 'up', embedding: vector(0, 1) },
      { datasetId: 'b', noteId: 'other', embedding: vector(0, 1) },
    ])
    .run()
  const db = drizzle.notesOf('drizzle.sqlite', migrations)
  console.log(JSON.stringify(drizzle.nearest(db, 'a', vector(0, 3), 1)))
  const [east] = db.select().from(notes).where(eq(notes.datasetId, 'a')).all()
  console.log(east.noteId, east.embedding instanceof Float32Array, String(east.embedding))
  // @ts-expect-error an embedding is a Float32Array
  const bad = () => db.insert(notes).values({ datasetId: 'a', noteId: 'x', embedding: 'text' })
  console.log(typeof bad)
}

await kyselyNotes()
drizzleNotes()
`

describe('examples/orm', () => {
  let folder: ExampleFolder
  before(() => {
    folder = new ExampleFolder()
    cpSync('examples/orm', folder.path, { recursive: true })
    writeFileSync(join(folder.path, 'package.json'), '{"type": "module"}')
    writeFileSync(join(folder.path, 'program.ts'), PROGRAM)
  })
  after(() => folder[Symbol.dispose]())

  test('Kysely and Drizzle migrate, write and search over sqlite-vec-ts/better-sqlite3', () => {
    const options =
      '--strict --target es2023 --module nodenext --skipLibCheck --rewriteRelativeImportExtensions'
    folder.command(process.execPath, [
      resolve('node_modules/typescript/bin/tsc'),
      ...`${options} --outDir . --types node program.ts`.split(' '),
      '--typeRoots',
      resolve('node_modules/@types'),
    ])
    assert.deepEqual(folder.command(process.execPath, ['program.js']).trim().split('\n'), [
      '[{"note_id":"north","content":"up","match_score":1}]',
      '[{"note_id":"east","content":"right","match_score":0}]',
      'function',
      '[{"id":"north","content":"up","score":1}]',
      'east true 1,0',
      'function',
    ])
  })
})
