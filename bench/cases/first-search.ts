// Opens a file, searches once and ends: `node first-search.js file dim`. It imports what the package ships.

import type * as Main from '../../src/entries/main.ts'
import { NEAREST } from './nearest.ts'

const [path, dim] = process.argv.slice(2)
const { open } = (await import(new URL('../../lib/main.js', import.meta.url).href)) as typeof Main
const db = await open(path)
const query = Float32Array.from({ length: Number(dim) }, (_, i) => Math.sin(i + 1))
if (db.prepare(NEAREST).all(query).length !== 10) throw new Error('the search found too few rows')
db.close()
