import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** Packages that an example may import by name. */
const PACKAGES = [
  '@langchain/core',
  '@llamaindex/core',
  '@modelcontextprotocol/sdk',
  'ai',
  'better-sqlite3',
  'drizzle-orm',
  'kysely',
  'mysql2',
  'pg',
  'sqlite-vec',
]

/** An empty folder in which programs run, where this package has its own name. */
export class ExampleFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'example-'))
  #programs = 0

  constructor() {
    const modules = join(this.path, 'node_modules')
    mkdirSync(modules)
    symlinkSync(process.cwd(), join(modules, 'sqlite-vec-ts'))
    // Deno takes node_modules for the folder of packages only beside a package.json.
    writeFileSync(join(this.path, 'package.json'), '{}')
    for (const name of PACKAGES) {
      mkdirSync(dirname(join(modules, name)), { recursive: true })
      symlinkSync(resolve('node_modules', name), join(modules, name))
    }
  }

  /** Runs a program; returns what it prints. */
  run(program: string, environment: Readonly<Record<string, string>> = {}): string {
    const file = `example-${this.#programs++}.mjs`
    writeFileSync(join(this.path, file), program)
    return this.command(process.execPath, [file], environment)
  }

  command(
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): string {
    const env: NodeJS.ProcessEnv = { ...process.env, ...environment }
    delete env['NODE_TEST_CONTEXT']
    return execFileSync(command, args, { cwd: this.path, encoding: 'utf8', env })
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
