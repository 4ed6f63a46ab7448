import { existsSync, renameSync, rmSync } from 'node:fs'
import { open } from '../src/entries/main.ts'
import { openSqliteVec, type NativeDatabase } from './peers/native.ts'
import { Progress } from './progress.ts'

const TABLES = ['words', 'definitions']

/**
 * The rows of the demo in a file of sqlite-vec, the native extension, made from ours once: a vec0 table for each vec
 * table, and beside it the documents and their words under the same rowids. Undefined where sqlite-vec or better-sqlite3 is missing.
 */
export async function openPeer(path: string, ours: string): Promise<NativeDatabase | undefined> {
  if (!existsSync(path)) {
    const part = `${path}.part`
    for (const suffix of ['', '-journal']) rmSync(part + suffix, { force: true })
    const made = openSqliteVec(part)
    if (!made) return undefined
    const source = await open(ours, { readonly: true })
    for (const table of TABLES) {
      made.exec(`
        CREATE VIRTUAL TABLE ${table} USING vec0(embedding float[100] distance_metric=cosine);
        CREATE TABLE ${table}_documents (id TEXT, content TEXT, meta TEXT);`)
      const total = source.prepare(`SELECT count(*) FROM _vec_${table}`).pluck().get() as number
      const progress = new Progress(`copying ${table} for sqlite-vec`, total)
      const rows = source
        .prepare(`SELECT id, content, meta, embedding FROM _vec_${table} WHERE embedding NOT NULL`)
        .raw()
      const document = made.prepare(`INSERT INTO ${table}_documents VALUES (?, ?, ?)`)
      const vector = made.prepare(`INSERT INTO ${table}(rowid, embedding) VALUES (?, ?)`)
      made.transaction(() => {
        let rowid = 0
        for (const [id, content, meta, embedding] of rows.iterate() as Iterable<unknown[]>) {
          document.run(id, content, meta)
          vector.run(BigInt(++rowid), embedding)
          progress.update(rowid)
        }
      })()
      progress.end()
    }
    made.exec(`CREATE VIRTUAL TABLE definitions_words USING fts5(content, content='', contentless_delete=1);
      INSERT INTO definitions_words(rowid, content) SELECT rowid, content FROM definitions_documents;
      INSERT INTO definitions_words(definitions_words) VALUES ('optimize')`)
    made.exec(`CREATE INDEX definitions_pos ON definitions_documents(json_extract(meta, '$.pos'))`)
    source.close()
    made.close()
    renameSync(part, path)
  }
  return openSqliteVec(path)
}
