import { argumentError, requireObject } from '../../core/argument-error.ts'
import { decodeEmbedding, isFiniteVector } from '../../core/embedding.ts'
import { VecError } from '../../core/errors.ts'
import {
  bytesOfVector,
  readVector,
  readVectorOrBytes,
  type EmbeddingBytes,
  type VectorInput,
} from '../../core/read-vector.ts'
import { cosine, magnitude } from '../../core/similarity.ts'
import type { SqliteConnection, SqliteStatement } from '../../database/sqlite-connection.ts'

export interface Document {
  /** Empty or absent: a random id is generated. */
  readonly id?: string | undefined
  readonly content?: string | null | undefined
  /** JSON or any other text. */
  readonly metadata?: string | null | undefined
  /** The vector, or its bytes as a BLOB stores them. Null or absent: no search finds the document. */
  readonly embedding?: VectorInput | EmbeddingBytes | null | undefined
}

export interface ScoredDocument {
  readonly id: string
  readonly content: string | null
  readonly metadata: string | null
  /** Cosine similarity with the query. */
  readonly score: number
}

/** The members of a connection that the store needs. better-sqlite3 and node:sqlite have them too. */
export interface StoreConnection extends Pick<SqliteConnection, 'exec'> {
  prepare(sql: string): Pick<SqliteStatement, 'run' | 'get' | 'iterate'>
}

interface DocsRow {
  readonly id: string
  readonly embedding: Uint8Array
}

/**
 * A small document store in one ordinary table, `docs(id, content, meta, embedding)`. It has neither datasets nor an
 * index, and every search reads the table. For more than some thousand documents use a vec table.
 *
 *     const store = new Store(db)
 *     store.addDocuments([{ id: 'a', content: 'bread', embedding: [1, 0] }])
 *     store.similaritySearch([0.9, 0.1], 5) // [{ id: 'a', content: 'bread', metadata: null, score: 0.99... }]
 */
export class Store {
  readonly #db: StoreConnection

  /** Creates the table if it does not exist. */
  constructor(db: StoreConnection) {
    const { exec, prepare } = (db ?? {}) as Partial<StoreConnection>
    if (typeof exec !== 'function' || typeof prepare !== 'function') {
      throw argumentError('new Store()', 'db', db, 'a connection with exec() and prepare()')
    }
    this.#db = db
    db.exec(
      'CREATE TABLE IF NOT EXISTS docs (id TEXT PRIMARY KEY, content TEXT, meta TEXT, embedding BLOB)',
    )
  }

  /**
   * Adds all documents or none, and returns their ids. An existing id is an error. Throws TypeError or VEC_EMBEDDING
   * for an embedding that is not a vector.
   */
  addDocuments(documents: readonly Document[]): string[] {
    if (!Array.isArray(documents)) {
      throw argumentError(ADD, 'documents', documents, 'an array of documents')
    }
    const rows = Array.from(documents, readDocument)
    const insert = this.#db.prepare(
      'INSERT INTO docs(id, content, meta, embedding) VALUES (?, ?, ?, ?)',
    )
    this.#db.exec('SAVEPOINT vec_add_documents')
    try {
      for (const row of rows) insert.run(row.id, row.content, row.meta, row.embedding)
      this.#db.exec('RELEASE vec_add_documents')
    } catch (error) {
      this.#db.exec('ROLLBACK TO vec_add_documents; RELEASE vec_add_documents')
      throw error
    }
    return rows.map(row => row.id)
  }

  /**
   * The k documents nearest to a vector by cosine, nearest first. Skips documents whose embedding is not a BLOB or
   * has another dimension. If that leaves no document and one has another dimension, an error names both.
   */
  similaritySearch(queryEmbedding: VectorInput, k: number): ScoredDocument[] {
    const query = readVector(queryEmbedding, 'similaritySearch()', 'queryEmbedding')
    if (typeof k !== 'number') {
      throw argumentError('similaritySearch()', 'k', k, 'a number of documents, an integer from 0')
    }
    if (!Number.isSafeInteger(k) || k < 0) {
      throw new RangeError(
        `similaritySearch() takes a number of documents, an integer from 0, got ${k}`,
      )
    }
    if (k === 0 || magnitude(query) === 0) return []
    const best = new Best(k)
    let fitting = 0
    let otherDim = 0
    // Ordered by id, so that equal scores have a fixed order too.
    const rows = this.#db.prepare(
      "SELECT id, embedding FROM docs WHERE typeof(embedding) = 'blob' AND length(embedding) > 0 ORDER BY id",
    )
    for (const { id, embedding } of rows.iterate() as Iterable<DocsRow>) {
      if (embedding.length !== query.length * 4) {
        if (embedding.length % 4 === 0) otherDim = embedding.length / 4
        continue
      }
      fitting++
      const row = decodeEmbedding(embedding)
      const score = isFiniteVector(row) ? cosine(query, row) : NaN
      if (!Number.isNaN(score)) best.add({ id, score })
    }
    if (fitting === 0 && otherDim > 0) {
      throw new VecError(
        'VEC_DIMENSION',
        `vector: query dim ${query.length} != document dim ${otherDim}: embed the query with the model that embedded the documents`,
      )
    }
    const document = this.#db.prepare('SELECT content, meta FROM docs WHERE id = ?')
    return best.ranked().map(({ id, score }) => {
      const row = document.get(id) as { content: string | null; meta: string | null }
      return { id, content: row.content, metadata: row.meta, score }
    })
  }

  /** Deletes a document; returns false when it does not exist. */
  remove(id: string): boolean {
    if (typeof id !== 'string')
      throw argumentError('remove()', 'id', id, 'the id of a document, a string')
    if (id === '') throw new RangeError('remove() takes the id of a document, got an empty string')
    return Number(this.#db.prepare('DELETE FROM docs WHERE id = ?').run(id).changes) > 0
  }
}

interface Scored {
  readonly id: string
  readonly score: number
}

/** The k best of the added items. Of equal scores, the first one added wins. */
class Best {
  readonly #k: number
  readonly #found: Scored[] = []

  constructor(k: number) {
    this.#k = k
  }

  add(scored: Scored): void {
    this.#found.push(scored)
    if (this.#found.length > 2 * this.#k + 1000) this.ranked()
  }

  ranked(): readonly Scored[] {
    this.#found.sort((a, b) => b.score - a.score)
    this.#found.splice(this.#k)
    return this.#found
  }
}

const ADD = 'addDocuments()'

interface StoredDocument {
  readonly id: string
  readonly content: string | null
  readonly meta: string | null
  readonly embedding: Uint8Array | null
}

function readDocument(document: unknown, i: number): StoredDocument {
  requireObject(ADD, `documents[${i}]`, document, 'a document')
  const { id = '', content, metadata, embedding } = document as Document
  if (typeof id !== 'string') {
    throw argumentError(ADD, `the id of documents[${i}]`, id, 'a string, or undefined')
  }
  const name = id === '' ? `documents[${i}]` : `document '${id}'`
  return {
    id: id === '' ? crypto.randomUUID() : id,
    content: textOrNull(content, `the content of ${name}`),
    meta: textOrNull(metadata, `the metadata of ${name}`),
    embedding:
      embedding === undefined || embedding === null
        ? null
        : bytesOfVector(readVectorOrBytes(embedding, ADD, `the embedding of ${name}`)),
  }
}

function textOrNull(value: unknown, name: string): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value
  const remedy = typeof value === 'object' ? ' (use JSON.stringify())' : ''
  throw argumentError(ADD, name, value, `a string${remedy} or null`)
}
