import { run } from '../../database/query.ts'
import type { BindValue } from '../../database/values.ts'
import {
  MIGRATION_READS,
  MIGRATION_WRITES,
  type MigrationReads,
  type MigrationWrites,
} from '../migration/migration-steps.ts'
import type { DatasetHandle } from './dataset-handle.ts'
import { countFacets, type Facet, type FacetOptions, type FieldValue } from './facets.ts'
import { getDocuments, type GetOptions } from './get-documents.ts'
import type { GivenDocument } from './given-documents.ts'
import type { Hit, HitPage } from './hit.ts'
import { listDocuments, type DocumentPage, type ListOptions } from './list.ts'
import type { CollectionQuery, QueryManyOptions } from './read-query.ts'
import type { DocumentSelection } from './read-selection.ts'
import { answerVectors } from './run-queries.ts'
import { answerEmbedded } from './run-query.ts'
import { countWhere, deleteSelection } from './selection.ts'
import type { StoredDocument } from './stored-document.ts'
import { writeChecked, type WriteKind } from './write-given.ts'

/** What each step that reads takes, and what it returns. */
export interface ReadSteps extends MigrationReads {
  /** `vector` is that of the query's text, `candidates` how many complete hits the caller scores again. */
  query: [
    [query: CollectionQuery, vector?: Float32Array | undefined, candidates?: number | undefined],
    HitPage,
  ]
  queryMany: [
    [vectors: readonly Float32Array[], options: QueryManyOptions, candidates?: number | undefined],
    Hit[][],
  ]
  get: [[ids: readonly string[], options: GetOptions], (StoredDocument | undefined)[]]
  list: [[options: ListOptions], DocumentPage]
  count: [[filter: ListOptions['filter']], number]
  facets: [[field: string, options: FacetOptions], Facet[]]
  distinct: [[field: string, options: FacetOptions], FieldValue[]]
  /** The first column of a statement that only reads. */
  texts: [[sql: string, ...parameters: BindValue[]], string[]]
}

/** What each step that writes takes, and what it returns. */
export interface WriteSteps extends MigrationWrites {
  /** `embeds`: whether the collection of the caller has an embed function. */
  write: [[kind: WriteKind, documents: readonly GivenDocument[], embeds: boolean], number]
  delete: [[selection: DocumentSelection], number]
  /** Runs one statement, and returns the number of changed rows. */
  run: [[sql: string, ...parameters: BindValue[]], number]
}

export type Steps = ReadSteps & WriteSteps

/** One call of a method on a dataset, in a form that can be sent to another thread. */
export type Step<Name extends keyof Steps = keyof Steps> = {
  [N in Name]: readonly [N, ...Steps[N][0]]
}[Name]

/** What steps return, in their order. */
export type Results<S extends readonly Step[]> = { [At in keyof S]: Steps[S[At][0]][1] }

type Methods<S extends { [Name in keyof S]: [unknown[], unknown] }> = {
  readonly [Name in keyof S]: (handle: DatasetHandle, ...args: S[Name][0]) => S[Name][1]
}

const READS: Methods<ReadSteps> = {
  ...MIGRATION_READS,
  query: (handle, query, vector, candidates) =>
    answerEmbedded('query()', handle, query, vector, candidates),
  queryMany: (handle, vectors, options, candidates) =>
    answerVectors('queryMany()', handle, vectors, options, candidates),
  get: getDocuments,
  list: (handle, options) => listDocuments(handle.open(), handle.dataset, options),
  count: (handle, filter) => countWhere<unknown>('count()', handle, filter),
  facets: (handle, field, options) => countFacets('facets()', handle, field, options, 'count'),
  distinct: (handle, field, options) =>
    countFacets('distinct()', handle, field, options, 'value').map(({ value }) => value),
  texts: (handle, sql, ...parameters) => {
    const found: string[] = []
    handle.lookUp(sql).each(parameters, row => {
      found.push(row.text(0))
    })
    return found
  },
}

const WRITES: Methods<WriteSteps> = {
  ...MIGRATION_WRITES,
  write: (handle, kind, documents, embeds) =>
    writeChecked(handle, { where: `${kind}()`, documents, kind }, embeds),
  delete: (handle, selection) => deleteSelection('delete()', selection, handle),
  run: ({ db }, sql, ...parameters) => run(db, sql, ...parameters).changes,
}

const METHODS: Methods<Steps> = { ...READS, ...WRITES }

/** Runs a step and returns its result. */
export function runStep(handle: DatasetHandle, [method, ...args]: Step): unknown {
  const call = METHODS[method] as (handle: DatasetHandle, ...args: readonly unknown[]) => unknown
  return call(handle, ...args)
}
