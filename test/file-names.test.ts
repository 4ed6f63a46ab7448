import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'

const skip = !existsSync('.git') && 'only a checkout knows which files belong to the repository'

test('the names of all files of the repository are printable ASCII', { skip }, () => {
  const names = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    { encoding: 'latin1', maxBuffer: 2 ** 26 },
  ).split('\0')
  assert.ok(names.length > 500)
  assert.deepEqual(
    names.filter(name => !/^[ -~]*$/.test(name)),
    [],
  )
})
