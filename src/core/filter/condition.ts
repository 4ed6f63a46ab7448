/** A scalar for comparisons. A Date has become text. */
export type Scalar = string | number | bigint | boolean

export type Comparison = '=' | '<' | '<=' | '>' | '>='

/** A checked filter, in one normal form. */
export type Condition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | {
      readonly kind: 'compare'
      readonly path: string
      readonly comparison: Comparison
      readonly value: Scalar
    }
  | { readonly kind: 'in'; readonly path: string; readonly values: readonly Scalar[] }
  | { readonly kind: 'exists'; readonly path: string }
  | { readonly kind: 'contains'; readonly path: string; readonly value: Scalar }
  | { readonly kind: 'startsWith'; readonly path: string; readonly prefix: string }
  | { readonly kind: 'size'; readonly path: string; readonly size: number }
  /** An element of the array matches. Inside `of`, the path '' is the element itself. */
  | { readonly kind: 'element'; readonly path: string; readonly of: Condition }
