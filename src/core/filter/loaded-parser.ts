import { LateCode } from '../late-code.ts'
import * as code from './parse-filter.ts'

/** What reads filters. */
export const lateParser: LateCode<typeof code> = new LateCode('filters', code)
