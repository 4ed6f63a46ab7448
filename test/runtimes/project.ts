import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { tools } from './tools.ts'

const environment = { ...process.env }
// A program started below a test must not take itself for a part of it.
delete environment['NODE_TEST_CONTEXT']

/** Tools that must ask nothing of the network. */
const OFFLINE = {
  CI: '1',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  NEXT_TELEMETRY_DISABLED: '1',
  WRANGLER_SEND_METRICS: 'false',
}

/** Packs this package as npm would, and returns the folder that holds it. */
function packed(into: string): string {
  const folder = join(into, 'package')
  const archive = ['pack', '--ignore-scripts', '--silent', '--pack-destination', into]
  spawnSync('npm', archive, { env: environment, stdio: 'inherit' })
  const name = readdirSync(into).find(file => file.endsWith('.tgz'))!
  spawnSync('tar', ['-xzf', join(into, name), '-C', into])
  return folder
}

/** A folder outside of the repository, in which a user's program finds the packed package and the tools it names. */
export class Project {
  readonly path: string = mkdtempSync(join(tmpdir(), 'runtimes-'))

  constructor(...names: readonly string[]) {
    const modules = join(this.path, 'node_modules')
    mkdirSync(modules)
    const archive = mkdtempSync(join(this.path, 'packed-'))
    // A copy, not a link: bundlers follow links, and would leave the folder.
    const moved = spawnSync('mv', [packed(archive), join(modules, 'sqlite-vec-ts')])
    if (moved.status !== 0) throw new Error('the package was not packed')
    this.write('package.json', '{ "type": "module", "private": true }')
    if (names.length === 0) return
    // Hard links: they cost nothing, and bundlers take them for files of this folder.
    const from = join(tools.installed(...names), 'node_modules')
    const linked = spawnSync('cp', ['-al', `${from}/.`, modules])
    if (linked.status !== 0) throw new Error(String(linked.stderr))
  }

  write(file: string, text: string): void {
    mkdirSync(dirname(join(this.path, file)), { recursive: true })
    writeFileSync(join(this.path, file), text)
  }

  /** What a command of a shell prints, its errors included. */
  shell(command: string): string {
    const { stdout } = spawnSync('bash', ['-c', `exec 2>&1\n${command}`], {
      cwd: this.path,
      env: { ...environment, ...OFFLINE, NODE_NO_WARNINGS: '1' },
      encoding: 'utf8',
      timeout: 300_000,
    })
    return stdout.trim()
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
