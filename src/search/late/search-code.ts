// The code of filters, text indexes, declared columns in memory, and searches in batches. A plain vector search does
// without.

export { compileFilter } from '../../core/filter/compile-filter.ts'
export { searchHybrid } from '../hybrid/hybrid-search.ts'
export { comparisonTest, listTest, nullTest } from '../memory/columns/cell-tests.ts'
export { ColumnStore } from '../memory/columns/column-store.ts'
export { filterTest } from '../memory/columns/filter-test.ts'
export { patternTest } from '../memory/columns/like-test.ts'
export { filterParts } from '../query/filter-parts.ts'
export { Together } from '../query/together.ts'
export { dropText, installText, isTextInstalled, renameText } from '../text/install-text.ts'
export { textSearcher } from '../text/text-searcher.ts'
