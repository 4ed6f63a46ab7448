import { LateCode } from '../../core/late-code.ts'
import type * as code from './kinds-code.ts'

/** For browsers: cover trees and clusters, once `provideKinds` was called. Until then, all rows are scanned. */
export const lateKinds: LateCode<typeof code> = new LateCode('cover trees and clusters')
