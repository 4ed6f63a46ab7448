// Opens a file, searches once and ends: `node first-search.js file dim`.

import { open } from '../../src/entries/main.ts'
import { NEAREST } from './tables.ts'

const [path, dim] = process.argv.slice(2)
const db = await open(path)
const query = Float32Array.from({ length: Number(dim) }, (_, i) => Math.sin(i + 1))
if (db.prepare(NEAREST).all(query).length !== 10) throw new Error('the search found too few rows')
db.close()
