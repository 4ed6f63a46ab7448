import { LateCode } from '../../core/late-code.ts'
import * as code from './search-code.ts'

/** Filters, text indexes, declared columns in memory, and batches. */
export const lateSearch: LateCode<typeof code> = new LateCode('filters and text indexes', code)
