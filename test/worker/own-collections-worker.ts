// A worker that answers an AsyncCollection.

import { collections, serve } from '../../src/entries/serve.ts'

serve({ collections })
