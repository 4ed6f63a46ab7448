// The worker that connect() starts.

import { serve } from '../serve.ts'

serve({
  // Loaded when it is needed first: a page that only searches does not wait for it.
  collections: async db => (await import('../collections/collection-server.ts')).collections(db),
})
