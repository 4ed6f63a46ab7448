import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import {
  kernelModule,
  provideKernels,
  scalarKernels,
  takeKernels,
} from '../../src/accelerators/platform/provided-kernels.ts'
import { scalarKernels as plain } from '../../src/accelerators/scalar/scalar-kernels.ts'

const SHIPPED = 'dist/src/sqlite/platform/sqlite3.wasm'
const moduleOf = (path: string): WebAssembly.Module => new WebAssembly.Module(readFileSync(path))

// What a browser does, in Node: package.json chooses this file for browsers alone.
test('a browser takes the kernels from sqlite3.wasm', async () => {
  const early = { code: 'VEC_ENGINE', message: 'the kernels are not loaded yet' }
  assert.throws(() => kernelModule(), early)
  assert.throws(() => scalarKernels(new WebAssembly.Memory({ initial: 1 })), early)
  const upstream = createRequire(import.meta.url).resolve('@sqlite.org/sqlite-wasm/sqlite3.wasm')
  await assert.rejects(takeKernels(moduleOf(upstream)), {
    code: 'VEC_ENGINE',
    message: 'this sqlite3.wasm does not hold the kernels of this package',
  })
  await takeKernels(moduleOf(SHIPPED))
  const names = WebAssembly.Module.exports(kernelModule()).map(({ name }) => name)
  assert.ok(names.includes('scanCodesDot'), names.join())
  assert.equal(kernelModule(), kernelModule())
  provideKernels(() => assert.fail('they are there already'), plain)
  assert.ok(scalarKernels(new WebAssembly.Memory({ initial: 1 })))
})
