import { lateParser } from '#late-parser'
import * as code from './parse-filter.ts'

/** Makes filters readable in a browser, too. */
export function provideParser(): void {
  lateParser.provide(code)
}
