import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach } from 'node:test'
import { open } from '../../src/entries/main.ts'
import type { Connection } from '../../src/sqlite/connection.ts'
import { HeapWitness } from './heap-witness.ts'

export interface WitnessedDatabase {
  readonly db: Connection
  readonly path: string
  readonly witness: HeapWitness
  /** The path of another file in the same folder. */
  readonly otherPath: () => string
}

/** Before each test `use` gets a file with a plain table and a vec table; after it a witness checks the heap. */
export function witnessedDatabase(name: string, use: (made: WitnessedDatabase) => void): void {
  let folder: string
  let witness: HeapWitness
  let db: Connection
  let files = 0
  const otherPath = (): string => join(folder, `${++files}.db`)

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), `${name}-`))
    witness = await HeapWitness.open()
  })

  after(() => {
    witness.close()
    rmSync(folder, { recursive: true })
  })

  beforeEach(async () => {
    const path = otherPath()
    db = await open(path)
    db.exec(
      `CREATE TABLE t(x, y); INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three');
       CREATE VIRTUAL TABLE docs USING vec(id);
       INSERT INTO docs(dataset_id, id, embedding) VALUES ('a', '1', vec_f32('[1, 0]')), ('a', '2', vec_f32('[0, 1]'))`,
    )
    use({ db, path, witness, otherPath })
  })

  afterEach(() => {
    witness.check()
    if (db.open) db.close()
  })
}

export const ROWS = 'SELECT x, y FROM t ORDER BY x'
export const SEARCH = "SELECT id FROM docs WHERE dataset_id = 'a' AND id MATCH '[1, 0]'"
