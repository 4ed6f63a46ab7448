import { LateCode } from '../../core/late-code.ts'
import * as code from './kinds-code.ts'

/** Cover trees and clusters. */
export const lateKinds: LateCode<typeof code> = new LateCode('cover trees and clusters', code)
