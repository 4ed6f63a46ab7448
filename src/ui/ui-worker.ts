// The worker that has the database of a page: started by the page itself, or by `svec ui`.

import { serve } from '../entries/serve.ts'
import { defineUiFunction } from './ui-function.ts'

serve({ setup: defineUiFunction })
