import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { after, test } from 'node:test'
import { Project } from './project.ts'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Readonly<Record<string, unknown>>
}
/** They import declarations of a framework: test/package.test.ts compiles them. */
const FRAMEWORKS = new Set(['./ai', './langchain', './llamaindex', './mastra', './mcp'])
const names = Object.keys(exports)
  .filter(name => !/\.\w+$/.test(name) && !FRAMEWORKS.has(name))
  .map(name => name.replace('.', 'sqlite-vec-ts'))

const project = new Project('@types/node', 'typescript-5.4', 'typescript-5.9')
after(() => project[Symbol.dispose]())
project.write(
  'use.ts',
  [
    ...names.map((name, i) => `import * as entry${i} from '${name}'`),
    `import { loadEngine } from 'sqlite-vec-ts/engine'`,
    `export const all = [${names.map((_, i) => `entry${i}`).join(', ')}]`,
    `await loadEngine({ wasm: new Uint8Array(8) })`,
    `// @ts-expect-error a number is not a source`,
    `await loadEngine({ wasm: 1 })`,
  ].join('\n'),
)

const compilers = {
  '5.4': 'node_modules/typescript-5.4/bin/tsc',
  '5.9': 'node_modules/typescript-5.9/bin/tsc',
  '7': resolve('node_modules/typescript/bin/tsc'),
}
for (const [version, compiler] of Object.entries(compilers)) {
  for (const [module, resolution, lib] of [
    ['nodenext', 'nodenext', 'es2023'],
    ['esnext', 'bundler', 'es2023,dom'],
  ]) {
    test(`TypeScript ${version} checks the declarations: ${resolution}, ${lib}`, () => {
      const options = `--noEmit --strict --target es2022 --types node --skipLibCheck false`
      const found = project.shell(
        `"${process.execPath}" ${compiler} ${options} --lib ${lib} --module ${module} --moduleResolution ${resolution} use.ts`,
      )
      assert.equal(found, '')
    })
  }
}
