import type { Database } from '../../database/database.ts'

/** A shadow table by its place. */
export interface TablePlace {
  readonly db: Database
  readonly schema: string
  readonly name: string
}

/**
 * What another program keeps in the same file: triggers on the shadow table, and indexes in `vector_storage`, where the
 * manifests of ours are. Search knows it by this alone.
 */
export interface ForeignIndexes {
  /** Names of its triggers, which would keep every program that does not know it from writing the table. */
  triggers(table: TablePlace): string[]
  /** Whether an index of it is there for a dataset, and goes when a row changes: saves leave it alone. */
  isKept(table: TablePlace, dataset: string): boolean
  /** Whether all is in place that deletes its indexes when rows change. */
  areGuarded(table: TablePlace): boolean
  /** Deletes its indexes and their guards. */
  drop(table: TablePlace): void
  /** Deletes the guards in a schema that have nothing left to guard. */
  retireGuards(db: Database, schema: string): void
}

/** For callers that neither install nor save anything. */
export const NO_FOREIGN_INDEXES: ForeignIndexes = {
  triggers: () => [],
  isKept: () => false,
  areGuarded: () => true,
  drop: () => undefined,
  retireGuards: () => undefined,
}
