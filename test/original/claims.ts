import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

/** Sections of the original's README, as its table of contents names them, and the parts of them that say more. */
export type Section =
  | 'Packages'
  | 'Schemas'
  | 'Local quick start'
  | 'Virtual table options'
  | 'Shadow tables & datasets'
  | 'Index persistence'
  | 'Querying with vec'
  | 'Ingestion & SCN sync'
  | 'Administration'
  | 'Cover index tuning'
  | 'Troubleshooting'

const cited = new Set<string>()
const covered = new Set<Section>()

/**
 * One thing that a reader of the original's README could type or rely on, and the proof that it holds here, or that it
 * differs as docs/sql.md says: `differs` are keys of its table of differences. `folder` is the claim's own, and the
 * working directory while it runs.
 */
export function claim(
  section: Section,
  promise: string,
  proof: (folder: string) => unknown,
  ...differs: readonly string[]
): void {
  covered.add(section)
  for (const key of differs) cited.add(key)
  const told = differs.length === 0 ? '' : ` (differs: ${differs.join(', ')})`
  test(`${section}: ${promise}${told}`, async () => {
    const home = process.cwd()
    const folder = mkdtempSync(join(tmpdir(), 'original-readme-'))
    try {
      process.chdir(folder)
      await proof(folder)
    } finally {
      process.chdir(home)
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

/** The last test of a file: what it cites is listed, and it leaves out none of its sections. */
export function endOfClaims(...sections: readonly Section[]): void {
  test('each difference that is cited stands in docs/sql.md, and each section has its claims', () => {
    const page = readFileSync('docs/sql.md', 'utf8')
    const table = page.split('## Differences from the original')[1].split('\n## ')[0]
    const listed = Array.from(table.matchAll(/^\| `([\w-]+)` \|/gm), found => found[1])
    assert.ok(listed.length > 20)
    assert.deepEqual(
      [...cited].filter(key => !listed.includes(key)),
      [],
    )
    assert.deepEqual([...covered].toSorted(), sections.toSorted())
  })
}
