/** A value to compare a field with. A Date means its ISO 8601 text. */
export type FilterValue = string | number | bigint | boolean | Date | null

/** Comparisons of one field. If an object has several, all must hold. */
export interface FieldFilter<V extends FilterValue = FilterValue> {
  /** Equal. `null` finds rows without the field. */
  readonly $eq?: V | null
  /** Not equal; rows without the field match unless the value is `null`. */
  readonly $ne?: V | null
  readonly $gt?: V
  readonly $gte?: V
  readonly $lt?: V
  readonly $lte?: V
  /** Equal to one of these. */
  readonly $in?: readonly (V | null)[]
  /** Equal to none of these; rows without the field match. */
  readonly $nin?: readonly (V | null)[]
  /** True: the field exists and is not null. False: it is absent or null. */
  readonly $exists?: boolean
  /** An array contains this element; a text contains this text. Case matters. */
  readonly $contains?: V
  /** A text begins with this. Case matters. */
  readonly $startsWith?: string
  /** Equal to each of these, which takes an array. An empty list matches no document. */
  readonly $all?: readonly V[]
  /** An array of this many elements. */
  readonly $size?: number
  /** An element of an array matches: comparisons of the element, or a filter on its fields if it is an object. */
  readonly $elemMatch?: FieldFilter | AnyFilter
  /** The comparisons inside do not hold. */
  readonly $not?: FieldFilter<V>
}

type Element<T> = T extends readonly (infer E)[] ? E : T
type Comparable<T> = Extract<Element<T>, FilterValue>

/**
 * Selects the documents that a search may return, by their metadata: `{ lang: 'en', year: { $gte: 2020 }, tags: {
 * $contains: 'x' } }`. All entries of an object must hold. A bare value means `$eq`. A dot leads into nested objects:
 * `'author.name'`. A field that holds an array matches if one of its elements does. A field that is null counts as
 * absent. With the type of the metadata, `Filter<Meta>`, the compiler checks the fields and their values.
 */
export type Filter<M = unknown> = unknown extends M ? AnyFilter : FilterOf<M>

type FilterOf<M> = {
  readonly [K in keyof M & string]?: Comparable<M[K]> | FieldFilter<Comparable<M[K]>> | null
} & {
  readonly [path: `${string}.${string}`]: FilterValue | FieldFilter
} & {
  /** All of these hold. An empty list matches every document. */
  readonly $and?: readonly FilterOf<M>[]
  /** At least one of these holds. An empty list matches no document. */
  readonly $or?: readonly FilterOf<M>[]
  /** None of these holds. */
  readonly $nor?: readonly FilterOf<M>[]
  /** This does not hold. */
  readonly $not?: FilterOf<M>
}

/** A filter over metadata of any shape. */
interface AnyFilter {
  readonly [field: string]: FilterValue | FieldFilter | AnyFilter | readonly AnyFilter[] | undefined
}
