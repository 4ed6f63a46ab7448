import { requirePlainObject } from '../../core/argument-error.ts'
import { knownWord } from '../../core/known-word.ts'
import { requireEmbed, requireModelName, requireName, requireText, VECUTIL } from '../arguments.ts'
import type { EmbedFunc } from '../embed.ts'

export interface CollectionOptions {
  /** The name of the vec table. */
  readonly table: string
  readonly dataset: string
  /**
   * What vec(...) takes when the table is declared, such as `doc_id, lang TEXT, text=content`. The constructor then
   * creates the table if it is missing. Without it, the table must exist.
   */
  readonly declaration?: string | undefined
  /** Turns contents and query texts into vectors. A collection without it accepts only vectors. */
  readonly embed?: EmbedFunc | undefined
  /**
   * The name of the model behind `embed`. It is stored with every embedding and must stay the same within a dataset.
   */
  readonly model?: string | undefined
}

const NAMES = ['table', 'dataset', 'declaration', 'embed', 'model']

/** Checks the options of a collection. `owner` is the name of its class. */
export function readCollectionOptions(
  owner: string,
  options: CollectionOptions,
): CollectionOptions {
  requirePlainObject(VECUTIL, 'options', options, 'an object with table, dataset, embed and model')
  for (const name of Object.keys(options)) knownWord(`option of ${owner}`, name, NAMES)
  const { table, dataset, declaration, embed, model } = options
  requireName(table, 'options.table')
  requireName(dataset, 'options.dataset')
  if (embed === undefined) requireModelName(model)
  else {
    requireName(model, 'options.model')
    requireEmbed(embed, 'options.embed')
  }
  if (declaration !== undefined) requireText(declaration, 'options.declaration')
  return { table, dataset, declaration, embed, model }
}
