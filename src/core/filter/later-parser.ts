import { LateCode } from '../late-code.ts'
import type * as code from './parse-filter.ts'

/** For browsers: what reads filters, once `provideParser` was called. */
export const lateParser: LateCode<typeof code> = new LateCode('filters')
