// A worker whose SQL tells which indexes it shares, `sharing()`, and waits in the middle of a statement: `gated(path)` makes
// the file path-in, and returns 0 when the file path exists.

import { existsSync, writeFileSync } from 'node:fs'
import { serve } from '../../../src/entries/serve.ts'
import { indexCache } from '../../../src/search/memory/index-cache.ts'

const never = new Int32Array(new SharedArrayBuffer(4))

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
    db.function('gated', path => {
      writeFileSync(`${String(path)}-in`, '')
      while (!existsSync(String(path))) Atomics.wait(never, 0, 0, 2)
      return 0
    })
  },
})
