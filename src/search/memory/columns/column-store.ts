import type { RowReader } from '../../../database/row-reader.ts'
import type { IndexSection } from '../../../index/vector-index.ts'
import { sqlName, type Affinity, type StoredColumn } from '../../schema/table-schema.ts'
import { COLUMNS_SECTION } from './column-section.ts'
import { columnsOf, type CellTest, type ColumnTest } from './column-test.ts'
import { MetadataColumn } from './metadata-column.ts'

/** A manifest holds 64 sections; a column needs four. */
const MOST_SAVED = 12

interface SavedNames {
  readonly definition: string
  readonly columns: readonly {
    readonly name: string
    readonly type: Affinity
    readonly kind: string
  }[]
}

/**
 * The metadata columns of the rows of one index, in the order of its positions. A changed row leaves the index and is
 * added at a new position with its new cells. So the cells of a position never change, and describe the same state as
 * the index.
 */
export class ColumnStore {
  /** The text of CREATE TABLE under which the columns were read. Another one may mean other values. */
  readonly definition: string
  readonly #columns: ReadonlyMap<string, MetadataColumn>

  constructor(definition: string, columns: readonly MetadataColumn[]) {
    this.definition = definition
    this.#columns = new Map(columns.map(column => [column.stored.stored, column]))
  }

  /** A store without rows. */
  static of(definition: string, columns: readonly StoredColumn[]): ColumnStore {
    return new ColumnStore(
      definition,
      columns.map(column => new MetadataColumn(column)),
    )
  }

  get columns(): readonly MetadataColumn[] {
    return [...this.#columns.values()]
  }

  /** Its columns in SQL, each after a comma. */
  get selected(): string {
    return this.columns.map(({ stored }) => `, ${sqlName(stored)}`).join('')
  }

  get bytes(): number {
    let bytes = 0
    for (const column of this.#columns.values()) bytes += column.bytes
    return bytes
  }

  has({ stored, type }: StoredColumn): boolean {
    return this.#columns.get(stored)?.stored.type === type
  }

  /** Whether it has all cells that a test reads. */
  answers(test: ColumnTest): boolean {
    return columnsOf(test).every(
      column => this.has(column) && !this.#columns.get(column.stored)!.lost,
    )
  }

  /** Reads the cells of a staged row. Its columns begin at `from`. */
  stage(slot: number, row: RowReader, from: number): void {
    let column = from
    for (const one of this.#columns.values()) one.stage(slot, row, column++)
  }

  /** Whether a position has the values of a row, from column `from` on. */
  holds(position: number, row: RowReader, from: number): boolean {
    return this.columns.every((column, i) => column.holds(position, row, from + i))
  }

  moveStaged(from: number, to: number): void {
    for (const column of this.#columns.values()) column.moveStaged(from, to)
  }

  widen(slots: number): void {
    for (const column of this.#columns.values()) column.widen(slots)
  }

  place(slot: number, position: number): void {
    for (const column of this.#columns.values()) column.place(slot, position)
  }

  trim(): void {
    for (const column of this.#columns.values()) column.trim()
  }

  /** A bitmap of the positions that match. */
  select(test: ColumnTest, positions: number): Uint32Array {
    const size = (positions + 31) >>> 5
    switch (test.kind) {
      case 'cell': {
        const words = new Uint32Array(size)
        this.#of(test).select(test, words)
        return words
      }
      case 'not': {
        const words = this.select(test.of, positions)
        for (let i = 0; i < size; i++) words[i] = ~words[i]
        return words
      }
      default: {
        const all = test.kind === 'all'
        const words = new Uint32Array(size).fill(all ? 0xffffffff : 0)
        for (const one of test.of) {
          const others = this.select(one, positions)
          if (all) for (let i = 0; i < size; i++) words[i] &= others[i]
          else for (let i = 0; i < size; i++) words[i] |= others[i]
        }
        return words
      }
    }
  }

  /** Whether `select` takes less time than a scan of vectors. */
  selectsFast(test: ColumnTest): boolean {
    switch (test.kind) {
      case 'cell':
        return this.#of(test).selectsFast(test)
      case 'not':
        return this.selectsFast(test.of)
      default:
        return test.of.every(one => this.selectsFast(one))
    }
  }

  /** Whether a position matches. */
  passes(test: ColumnTest, position: number): boolean {
    switch (test.kind) {
      case 'cell':
        return test.passes(this.#of(test).cell(position))
      case 'not':
        return !this.passes(test.of, position)
      case 'all':
        return test.of.every(one => this.passes(one, position))
      case 'any':
        return test.of.some(one => this.passes(one, position))
    }
  }

  /** The sections for a saved index. */
  save(): IndexSection[] {
    const saved = this.columns.filter(({ lost }) => !lost).slice(0, MOST_SAVED)
    const names: SavedNames = {
      definition: this.definition,
      columns: saved.map(({ stored: { stored, type }, cellKind }) => ({
        name: stored,
        type,
        kind: cellKind,
      })),
    }
    const sections = saved.flatMap((column, i) => {
      const { cells, pool, starts, numbers } = column.save()
      return [
        { name: `column${i}.cells`, bytes: cells },
        { name: `column${i}.pool`, bytes: pool },
        { name: `column${i}.starts`, bytes: bytesOf(starts) },
        { name: `column${i}.others`, bytes: bytesOf(numbers) },
      ]
    })
    const directory = new TextEncoder().encode(JSON.stringify(names))
    return [{ name: COLUMNS_SECTION, bytes: directory }, ...sections]
  }

  /** Restores the sections of `save`, as far as they are sound. */
  static restore(
    sections: ReadonlyMap<string, IndexSection>,
    positions: number,
  ): ColumnStore | undefined {
    const directory = sections.get(COLUMNS_SECTION)
    if (!directory) return undefined
    const { definition, columns } = JSON.parse(
      new TextDecoder().decode(directory.bytes),
    ) as SavedNames
    const restored: MetadataColumn[] = []
    for (const [i, { name, type, kind }] of columns.entries()) {
      const stored: StoredColumn = { role: 'metadata', stored: name, type, watched: true }
      const part = (which: string): Uint8Array =>
        sections.get(`column${i}.${which}`)?.bytes ?? new Uint8Array(0)
      const column = MetadataColumn.restore(stored, kind, positions, {
        cells: part('cells'),
        pool: part('pool'),
        starts: wordsOf(part('starts')),
        numbers: numbersOf(part('others')),
      })
      if (column) restored.push(column)
    }
    return restored.length === 0 ? undefined : new ColumnStore(definition, restored)
  }

  #of({ column }: CellTest): MetadataColumn {
    return this.#columns.get(column.stored)!
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength >>> 2)
}

function numbersOf({ buffer, byteOffset, byteLength }: Uint8Array): Float64Array {
  return new Float64Array(buffer, byteOffset, byteLength >>> 3)
}
