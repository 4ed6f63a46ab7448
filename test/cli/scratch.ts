import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open, type SqlValue } from '../../src/entries/main.ts'
import { svecJson, temporaryFolder } from './svec.ts'

export interface Scratch {
  readonly folder: string
  readonly path: (name: string) => string
  /** Writes a file; returns its path. */
  readonly write: (name: string, data: string | Uint8Array) => string
  /** A new file with the vec table docs; returns its path. */
  readonly freshTable: (...options: string[]) => Promise<string>
  /** The documents of docs as they were stored; behind `columns` stands the embedding as JSON. */
  readonly rowsOf: (file: string, columns?: string) => Promise<SqlValue[][]>
}

/** A folder of its own for a test file, and what tests of import do in it. */
export function scratch(): Scratch {
  const folder = temporaryFolder()
  const path = (name: string): string => join(folder, name)
  let files = 0
  return {
    folder,
    path,
    write: (name, data) => {
      writeFileSync(path(name), data)
      return path(name)
    },
    freshTable: async (...options) => {
      const file = path(`t${files++}.sqlite`)
      await svecJson(['init', file, ...options])
      return file
    },
    rowsOf: async (file, columns = 'id, content, meta') => {
      const db = await open(file, { readonly: true })
      try {
        return db
          .prepare(`SELECT ${columns}, vec_json(embedding) FROM _vec_docs ORDER BY rowid`)
          .raw()
          .all() as SqlValue[][]
      } finally {
        db.close()
      }
    },
  }
}

/** Bytes of float32. */
export function floats(...numbers: number[]): Buffer {
  return Buffer.from(new Float32Array(numbers).buffer)
}
