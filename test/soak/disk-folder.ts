import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Files by their absolute paths. */
export type FolderContents = ReadonlyMap<string, Uint8Array>

/**
 * A folder of database files that is put back to what it was, as often as need be. Always the same one: journals of a
 * transaction over several files name each other by absolute paths.
 */
export class DiskFolder {
  readonly path: string
  readonly main: string
  readonly other: string

  constructor(name: string) {
    this.path = mkdtempSync(join(tmpdir(), `sqlite-vec-ts-${name}-`))
    this.main = join(this.path, 'main.sqlite')
    this.other = join(this.path, 'other.sqlite')
  }

  read(): FolderContents {
    const names = readdirSync(this.path).toSorted()
    return new Map(names.map(name => [join(this.path, name), readFileSync(join(this.path, name))]))
  }

  write(contents: FolderContents): void {
    rmSync(this.path, { recursive: true })
    mkdirSync(this.path)
    for (const [path, bytes] of contents) writeFileSync(path, bytes)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
