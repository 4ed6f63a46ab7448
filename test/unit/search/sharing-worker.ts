// A worker whose SQL tells which indexes it shares: `SELECT sharing()`.

import { serve } from '../../../src/entries/serve.ts'
import { indexCache } from '../../../src/search/memory/index-cache.ts'

serve({
  setup(db) {
    db.function('sharing', () => {
      const { entries } = indexCache.attach(db, 'main')
      const indexes = [...entries.values()].map(({ datasetIndex }) => datasetIndex)
      if (indexes.some(each => each?.index?.lending?.isLent && each.endLoan !== undefined))
        return 'lends'
      if (indexes.some(each => each?.index?.lending?.isLent)) return 'borrows'
      return 'none'
    })
  },
})
