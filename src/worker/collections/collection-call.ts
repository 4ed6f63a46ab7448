import type { GivenDocument } from '../../documents/collection/given-documents.ts'
import type { Step } from '../../documents/collection/steps.ts'
import type { WriteKind } from '../../documents/collection/write-given.ts'

/** A dataset, and the name of the model that embeds for it. */
export interface DocumentPlace {
  readonly table: string
  readonly dataset: string
  readonly model: string | undefined
  /** What vec(...) takes: the call creates the table if it is missing. */
  readonly declaration?: string | undefined
}

/** A call on the documents of a dataset. */
export type CollectionCall =
  /** Runs steps in one transaction, and returns their results. */
  | { readonly op: 'documents'; readonly place: DocumentPlace; readonly steps: readonly Step[] }
  /** Writes documents, unless texts have to be embedded: then the worker keeps the write and returns the texts. */
  | {
      readonly op: 'plan'
      readonly key: string
      readonly place: DocumentPlace
      readonly kind: WriteKind
      readonly documents: readonly GivenDocument[]
    }
  /** Writes what was kept, with the embeddings of its texts. Returns the number of written documents. */
  | { readonly op: 'embedded'; readonly key: string; readonly embeddings: readonly Uint8Array[] }
  | { readonly op: 'unplan'; readonly key: string }

/** The answer to 'plan': the texts to embed, or the number of written documents. */
export type Planned = { readonly texts: readonly string[] } | { readonly written: number }

export function isCollectionCall(call: { readonly op: string }): call is CollectionCall {
  return ['documents', 'plan', 'embedded', 'unplan'].includes(call.op)
}
