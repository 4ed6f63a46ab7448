import { lateKinds } from '#late-kinds'
import * as code from './kinds-code.ts'

/** Makes every kind of index available in a browser, too. */
export function provideKinds(): void {
  lateKinds.provide(code)
}
