import { lateSearch } from '#late-search'
import { provideParser } from '../../core/filter/provide-parser.ts'
import { provideKinds } from '../../index/late/provide-kinds.ts'
import * as code from './search-code.ts'

/** Makes all code of searches available in a browser, too. */
export function provideCode(): void {
  provideParser()
  provideKinds()
  lateSearch.provide(code)
}
