import { VecError } from '../../../core/errors.ts'
import type * as layers from './layered-rows.ts'

/** For browsers and edge runtimes, where no thread lends its rows. Their bundles do not contain layered-rows.ts. */
export const layeredRows: typeof layers.layeredRows = () => {
  throw new VecError('VEC_ENGINE', 'threads do not share rows on this platform')
}
