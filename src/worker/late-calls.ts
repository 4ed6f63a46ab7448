// The code that few calls need, in one file: in several, what they share with the rest would be divided, too.

export { open, register } from '../tables/register.ts'
export { importBytes } from './import-bytes.ts'
export { withoutCollections } from './collections/without-collections.ts'
