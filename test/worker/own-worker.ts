// A worker whose SQL can end it: `SELECT leave(3)`.

import { serve } from '../../src/entries/serve.ts'

serve({
  setup(db) {
    db.function('leave', code => process.exit(Number(code)))
    db.function('crash', () => {
      setTimeout(() => {
        throw new Error('thrown outside of any call')
      })
      return null
    })
  },
})
