// Packs what was built once, and lets publint and attw look at the tarball as its users will see it.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'packed-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder])
const tarball = join(folder, `sqlite-vec-ts-${process.env.npm_package_version}.tgz`)
run('publint', ['run', '--strict', tarball])
// Node 10's resolution and require() of declarations are out of scope: the package is ESM alone.
// sqlite3.wasm is a file, whose import each bundler understands in a way of its own.
run('attw', [
  '--profile=esm-only',
  '--no-definitely-typed',
  '--format=ascii',
  '--exclude-entrypoints=sqlite3.wasm',
  tarball,
])

/** Runs a command, shows its output only when it fails, and fails with it. */
function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status === 0) return
  process.stderr.write(`${stdout}${stderr}\n${command} ${args.join(' ')} failed\n`)
  process.exit(1)
}
