import { argumentError } from '../core/argument-error.ts'
import { storedBytes } from '../core/embedding-type.ts'
import { VecError } from '../core/errors.ts'
import { doubleQuoted } from '../core/quote.ts'
import type { BindValue } from '../database/values.ts'
import { DatasetDimensions } from '../search/schema/dataset-dimension.ts'
import { lowerCase } from '../search/schema/document-columns.ts'
import type { ShadowTable } from '../search/schema/shadow-table.ts'
import { ApplicationTable } from './application-table.ts'
import type { CheckedDocument } from './documents.ts'
import { keyBytes, keyValue, storedKey } from './keys.ts'

/** Writes rows of an application's table, field by field. */
export class RowWriter {
  readonly #shadow: ShadowTable
  readonly #dimensions: DatasetDimensions

  constructor(shadow: ShadowTable) {
    this.#shadow = shadow
    this.#dimensions = new DatasetDimensions(shadow)
  }

  /** Updates existing rows and inserts the others, inside a transaction. */
  write(dataset: string, documents: readonly CheckedDocument[]): void {
    const { generated } = new ApplicationTable(this.#shadow.db, this.#shadow.name)
    for (const document of documents) {
      const fields = this.#fieldsOf(document)
      for (const name of fields.keys()) {
        if (generated.has(lowerCase(name))) throw this.#generated(name)
      }
      this.#requireDimension(dataset, document)
      this.#writeRow(dataset, document.key, fields)
    }
  }

  delete(dataset: string, keys: readonly string[]): number {
    const sql = `DELETE FROM {table} WHERE ${this.#shadow.documents.ofKey}`
    return keys.reduce((sum, key) => sum + this.#shadow.run(sql, [dataset, key]).changes, 0)
  }

  #writeRow(dataset: string, key: string, fields: ReadonlyMap<string, BindValue>): void {
    const { documents } = this.#shadow
    const { roles } = documents
    const names = Array.from(fields.keys(), doubleQuoted)
    const values = [...fields.values()]
    const set = [
      `${documents.idColumn} = ${documents.idColumn}`,
      ...names.map((name, i) => `${name} = ?${i + 3}`),
    ]
    const update = `UPDATE {table} SET ${set.join(', ')} WHERE ${documents.ofKey}`
    if (this.#shadow.run(update, [dataset, key, ...values]).changes > 0) return
    const own: [string, BindValue][] = [
      ...(roles.dataset
        ? [[roles.dataset.name, storedKey(dataset, roles.dataset.kind)] as [string, BindValue]]
        : []),
      [roles.id.name, storedKey(key, roles.id.kind)],
    ]
    const all = [...own.map(([name]) => doubleQuoted(name)), ...names]
    const insert = `INSERT INTO {table}(${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')})`
    this.#shadow.run(insert, [...own.map(([, value]) => value), ...values])
  }

  /** The fields by column name. */
  #fieldsOf({
    key,
    embedding,
    content,
    meta,
    model,
    columns,
  }: CheckedDocument): Map<string, BindValue> {
    const { documents, name } = this.#shadow
    const { roles } = documents
    const fields = new Map<string, BindValue>()
    const put = (field: string, column: string | undefined, value: BindValue | undefined): void => {
      if (value === undefined) return
      if (column === undefined) {
        throw new VecError('VEC_OPTION', `upsert(): attach() was told of no column for ${field}`, {
          hint: `name it in the options of attach(), or write it as columns: { ... }`,
        })
      }
      fields.set(column, value)
    }
    put('the model', undefined, model)
    put('the content', roles.content, content)
    put('meta', roles.meta, meta)
    const { columns: known, type } = this.#shadow.refresh()
    const stored = embedding && storedBytes(type, embedding, 'upsert()', `the embedding of ${key}`)
    put('the embedding', roles.embedding, stored)
    const taken = new Set([...documents.required, ...Array.from(fields.keys(), lowerCase)])
    for (const [column, value] of Object.entries(columns)) {
      if (!known.has(lowerCase(column))) {
        throw argumentError('upsert()', 'columns', column, `a column of ${name}`)
      }
      if (taken.has(lowerCase(column))) {
        throw argumentError('upsert()', 'columns', column, 'a column without a field of its own')
      }
      fields.set(column, value)
    }
    return fields
  }

  #requireDimension(dataset: string, { key, embedding }: CheckedDocument): void {
    if (!embedding) return
    const { documents, visible } = this.#shadow
    const layout = { rowid: this.#shadow.refresh().rowid, visible }
    const offered = embedding.length / 4
    const dim = this.#dimensions.required(layout, dataset, offered, keyBytes(key))
    if (dim === 0 || dim === offered) return
    const of = documents.roles.dataset ? ` of dataset ${dataset}` : ''
    const id = String(keyValue(keyBytes(key), documents.roles.id.kind))
    throw new VecError(
      'VEC_DIMENSION',
      `upsert(): the embedding of ${id} has ${offered} dimensions, those${of} have ${dim}`,
      { hint: 'embed all rows that are searched together with one model' },
    )
  }

  #generated(column: string): VecError {
    return new VecError(
      'VEC_SHADOW',
      `upsert(): ${this.#shadow.name}.${column} is a generated column, which SQLite computes`,
      { hint: 'write the columns that it is computed from' },
    )
  }
}
