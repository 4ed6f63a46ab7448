import { LateCode } from '../../core/late-code.ts'
import type * as code from './search-code.ts'

/** For browsers: filters, text indexes, declared columns in memory, and batches, once `provideCode` was called. */
export const lateSearch: LateCode<typeof code> = new LateCode('filters and text indexes')
