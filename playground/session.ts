import type { TableDescription } from '../src/entries/vec.ts'
import type { FileDescription } from '../src/entries/vecadmin.ts'
import {
  NONE,
  OTHER,
  type Field,
  type FieldValue,
  type FieldValues,
  type FoundDocument,
  type Place,
  type PointMap,
  type Source,
  type TextEmbedder,
} from '../src/ui/contract.ts'
import type { NeighborMap } from './neighbor-map.ts'

/** What a field must be for a document to be found: one of some values, or a number of a range. */
export type FieldCondition =
  | { readonly values: ReadonlySet<FieldValue> }
  | { readonly range: readonly [number, number] }

/** What changed, for the parts of the page that show it. */
export type Change =
  | 'place'
  | 'map'
  /** The points of the map are elsewhere. */
  | 'layout'
  | 'colour'
  /** The map has its colours: now there is time for what is less urgent. */
  | 'shown'
  | 'filters'
  | 'hits'
  | 'selected'
  | 'current'
  | 'like'

/** What the page looks at: one dataset, its map, and what is searched, filtered and selected in it. */
export class Session {
  readonly source: Source
  readonly file: FileDescription
  place: Place | undefined
  /** Undefined while it is computed. */
  map: PointMap | undefined
  /** Undefined until it was asked for. */
  neighborMap: NeighborMap | undefined
  layout: 'plane' | 'neighbors' = 'plane'
  fields: readonly Field[] = []
  /** The field that colours the points. */
  colour: FieldValues | undefined
  hits: readonly FoundDocument[] = []
  /** Points of the map. */
  selected: readonly number[] = []
  /** The row whose document is shown. */
  current: number | undefined
  /** The document whose neighbours are looked for. */
  like: { readonly row: number; readonly id: string } | undefined
  readonly conditions = new Map<string, FieldCondition>()
  readonly #values = new Map<string, FieldValues>()
  readonly #listeners = new Map<Change, (() => unknown)[]>()

  constructor(source: Source, file: FileDescription) {
    this.source = source
    this.file = file
  }

  on(change: Change, listener: () => unknown): void {
    const listeners = this.#listeners.get(change) ?? []
    this.#listeners.set(change, [...listeners, listener])
  }

  tell(change: Change): void {
    for (const listener of this.#listeners.get(change) ?? []) listener()
  }

  /** Goes to a dataset, and computes its map. */
  async open(place: Place): Promise<void> {
    this.place = place
    this.map = undefined
    this.neighborMap = undefined
    this.layout = 'plane'
    this.fields = []
    this.colour = undefined
    this.hits = []
    this.selected = []
    this.current = undefined
    this.like = undefined
    this.conditions.clear()
    this.#values.clear()
    this.tell('place')
    const map = await this.source.call('map', place)
    if (this.place !== place) return
    this.map = map
    this.tell('map')
    await this.#colourAtFirst(place)
    if (this.place === place) this.tell('shown')
  }

  /** The first field with a few values colours the map. */
  async #colourAtFirst(place: Place): Promise<void> {
    const fields = await this.source.call('fields', place)
    if (this.place !== place) return
    this.fields = fields
    this.tell('filters')
    for (const field of fields.slice(0, 6)) {
      const values = await this.valuesOf(field)
      if (this.place !== place) return
      const rare = values.codes.reduce((count, code) => count + (code === OTHER ? 1 : 0), 0)
      if (values.range === undefined && rare > values.codes.length / 2) continue
      this.colour = values
      this.tell('colour')
      return
    }
  }

  async valuesOf(field: Field): Promise<FieldValues> {
    const known = this.#values.get(field.name)
    if (known !== undefined) return known
    const values = await this.source.call('values', this.place!, field)
    this.#values.set(field.name, values)
    return values
  }

  async colourBy(name: string): Promise<void> {
    const field = this.fields.find(each => each.name === name)
    this.colour = field && (await this.valuesOf(field))
    this.tell('colour')
  }

  /** Finds only documents with this value, or stops asking for it. */
  toggle(name: string, value: FieldValue): void {
    const condition = this.conditions.get(name)
    const values = new Set(condition !== undefined && 'values' in condition ? condition.values : [])
    if (!values.delete(value)) values.add(value)
    if (values.size === 0) this.conditions.delete(name)
    else this.conditions.set(name, { values })
    this.tell('filters')
  }

  limit(name: string, range: readonly [number, number] | undefined): void {
    if (range === undefined) this.conditions.delete(name)
    else this.conditions.set(name, { range })
    this.tell('filters')
  }

  /** The conditions as a filter of the library. */
  get filter(): Record<string, Record<string, FieldValue | FieldValue[]>> | undefined {
    if (this.conditions.size === 0) return undefined
    return Object.fromEntries(
      Array.from(this.conditions, ([name, condition]) => [
        name,
        'values' in condition
          ? { $in: [...condition.values] }
          : { $gte: condition.range[0], $lte: condition.range[1] },
      ]),
    )
  }

  /** For each point 1 if it passes the conditions; undefined without any. */
  get mask(): Uint8Array | undefined {
    const { map } = this
    if (map === undefined || this.conditions.size === 0) return undefined
    const mask = new Uint8Array(map.rows.length).fill(1)
    for (const [name, condition] of this.conditions) {
      const field = this.#values.get(name)
      if (field === undefined) continue
      for (let i = 0; i < mask.length; i++) if (!passes(field, i, condition)) mask[i] = 0
    }
    return mask
  }

  /** The table of the dataset. */
  get table(): TableDescription | undefined {
    return this.file.tables.find(({ name }) => name === this.place?.table)
  }

  /** What embeds words for the dataset: the model of its vectors, or one of their dimension if it names none. */
  get embedder(): TextEmbedder | undefined {
    const { embedder } = this.source
    const dataset = this.table?.datasets.find(({ name }) => name === this.place?.dataset)
    if (embedder === undefined || dataset?.dim !== embedder.dim) return undefined
    return [undefined, embedder.name].includes(dataset.model) ? embedder : undefined
  }

  /** The point of a row; -1 if it is not on the map. */
  pointOf(row: number): number {
    const rows = this.map?.rows ?? new Float64Array(0)
    let [low, high] = [0, rows.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (rows[middle] < row) low = middle + 1
      else high = middle
    }
    return rows[low] === row ? low : -1
  }
}

function passes(field: FieldValues, i: number, condition: FieldCondition): boolean {
  if ('range' in condition) {
    const number = field.numbers?.[i] ?? NaN
    return number >= condition.range[0] && number <= condition.range[1]
  }
  const code = field.codes[i]
  return code !== NONE && code !== OTHER && condition.values.has(field.values[code].value)
}
