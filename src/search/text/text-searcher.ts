import type { TextSpec } from '../schema/text-spec.ts'
import type { IndexManager } from '../snapshot/index-manager.ts'
import type { SearchContext } from '../snapshot/search-context.ts'
import { TextIndex } from './text-index.ts'
import { TextSearcher } from './text-search.ts'

/** Searches the text index of a table. */
export function textSearcher(
  context: SearchContext,
  text: TextSpec,
  indexes: IndexManager,
): TextSearcher {
  return new TextSearcher(context.shadow, text, new TextIndex(context, text, indexes))
}
