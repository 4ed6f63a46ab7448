// The worker that connect() starts.

import { serve } from '../serve.ts'

serve()
