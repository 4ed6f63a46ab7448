import { VecError } from '../../core/errors.ts'
import { Utf8 } from '../../core/utf8.ts'
import { Subtyped } from '../../sqlite/functions.ts'
import { OP, type IndexInfo, type Plan } from '../../sqlite/vtab/index-info.ts'
import type {
  ResultWriter,
  TermValue,
  VirtualCursor,
  VirtualTable,
  VirtualTableModule,
} from '../../sqlite/vtab/virtual-table.ts'
import { readSqlVector, type SqlVector } from './sql-vector.ts'

const VALUE = 0
const VECTOR = 1

/** `SELECT rowid, value FROM vec_each(vector)`: a row for each number, the first with rowid 0. */
export const vecEachModule: VirtualTableModule = {
  readOnly: true,
  connect: () => new VecEach(),
}

class VecEach implements VirtualTable {
  /** The module only reads its argument. */
  readonly risk = 'innocuous'
  readonly declaration = 'CREATE TABLE vec_each(value, vector HIDDEN)'

  bestIndex(info: IndexInfo): Plan | undefined {
    const vector = info.constraints.find(
      ({ column, op, usable }) => column === VECTOR && op === OP.EQ && usable,
    )
    if (!vector) return undefined
    // The estimates of sqlite-vec, so that joins get the same plans.
    return { terms: [{ constraint: vector, subtype: true }], cost: 100_000, rows: 100_000 }
  }

  open(): VirtualCursor {
    return new VecEachCursor()
  }
}

class VecEachCursor implements VirtualCursor {
  #vector: SqlVector | undefined
  #at = 0

  filter(_plan: Plan, [[given, subtype]]: readonly (readonly TermValue[])[]): void {
    this.#at = 0
    this.#vector = undefined
    const value = given instanceof Utf8 ? String(given) : given
    const whole = typeof value === 'number' && Number.isInteger(value)
    try {
      this.#vector = readSqlVector(new Subtyped(whole ? BigInt(value) : value, Number(subtype)))
    } catch (error) {
      if (!(error instanceof VecError)) throw error
      // sqlite-vec reports only the first words of this message.
      throw new VecError(error.code, `SQL logic error: vec_each: ${error.message}`, {
        hint: error.hint ?? 'vec_each(vector) takes a vector as a BLOB or text',
      })
    }
  }

  next(): void {
    this.#at++
  }

  get eof(): boolean {
    return this.#at >= (this.#vector?.length ?? 0)
  }

  column(result: ResultWriter, column: number): void {
    const vector = this.#vector
    if (column !== VALUE || vector === undefined) return
    switch (vector.type) {
      case 'float32':
        result.double(vector.numbers[this.#at])
        return
      case 'int8':
        result.value(vector.numbers[this.#at])
        return
      case 'bit':
        // From the highest bit of a byte down. sqlite-vec uses this order only here.
        result.value((vector.bytes[this.#at >> 3] >> (7 - (this.#at & 7))) & 1)
    }
  }

  rowid(): bigint {
    return BigInt(this.#at)
  }
}
