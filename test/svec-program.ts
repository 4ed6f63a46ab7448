import { resolve } from 'node:path'

/** The file of the command, as packages have it. */
export const SVEC: string = resolve('dist/lib/svec.js')
