import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ACCELERATORS } from '../../src/accelerators/accelerator.ts'
import { kernelsWasm, memoryFlags } from '../../src/accelerators/simd/kernels.wasm.ts'
import { simdModule } from '../../src/accelerators/simd/simd-module.ts'

const bytes = Uint8Array.from(atob(kernelsWasm), character => character.charCodeAt(0))

test('the kernels come for a memory that threads share, and for one that they do not', () => {
  assert.equal(bytes[memoryFlags], 1)
  for (const shared of [false, true]) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared })
    const other = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: !shared })
    const module = simdModule(shared)
    assert.ok(new WebAssembly.Instance(module, { env: { memory } }))
    assert.throws(() => new WebAssembly.Instance(module, { env: { memory: other } }), /shared/)
    assert.equal(simdModule(shared), module)
  }
})

test('the kernels import one memory and bring no data, no globals and no start function', () => {
  const module = new WebAssembly.Module(bytes)
  assert.deepEqual(WebAssembly.Module.imports(module), [
    { module: 'env', name: 'memory', kind: 'memory' },
  ])
  const ids: number[] = []
  for (let at = 8; at < bytes.length;) {
    ids.push(bytes[at++])
    let size = 0
    let byte = 128
    for (let shift = 0; byte >= 128; shift += 7) {
      byte = bytes[at++]
      size |= (byte & 127) << shift
    }
    at += size
  }
  assert.ok(ids.includes(10))
  for (const refused of [6, 8, 11]) assert.ok(!ids.includes(refused), `section ${refused}`)
})

test('every accelerator has the same kernels', () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 })
  const names = Object.values(ACCELERATORS).map(({ kernelsOver }) =>
    Object.entries(kernelsOver(memory)).flatMap(([name, kernel]) =>
      typeof kernel === 'function' ? name : Object.keys(kernel).map(form => `${name}.${form}`),
    ),
  )
  assert.ok(names[0].includes('scanCodes.dot'))
  for (const theirs of names) assert.deepEqual(theirs.toSorted(), names[0].toSorted())
})
