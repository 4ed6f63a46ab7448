import type { Database } from '../../database/database.ts'

/** The location of a shadow table. */
export interface TablePlace {
  readonly db: Database
  readonly schema: string
  readonly name: string
}

/**
 * The data of another program in the same file: triggers on the shadow table, and indexes in `vector_storage`, beside
 * our manifests. Search handles that data only through this interface.
 */
export interface ForeignIndexes {
  /** The names of its triggers. They would prevent every program without its functions from writing the table. */
  triggers(table: TablePlace): string[]
  /** Whether it has an index for a dataset that is deleted when a row changes. Saves do not touch that index. */
  isKept(table: TablePlace, dataset: string): boolean
  /** Whether everything that deletes its indexes when rows change is in place. */
  areGuarded(table: TablePlace): boolean
  /** Deletes its indexes and their guards. */
  drop(table: TablePlace): void
  /** Deletes the guards in a schema that no longer guard an index. */
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
