import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { environmentName, SETTINGS } from '../../src/cli/sync/settings.ts'
import { mariadbMissing, startMariadb } from '../servers/mariadb.ts'
import { freePort } from '../servers/process.ts'
import { SVEC } from '../svec-program.ts'
import { temporaryFolder } from './svec.ts'

const page = readFileSync('docs/sync.md', 'utf8')

/** Programs of a Linux desk that the page uses. */
function missingProgram(): string | undefined {
  return ['bash', 'script', 'mariadb', 'curl'].find(
    name => spawnSync(name, ['--version']).status !== 0,
  )
}

const missing = missingProgram()

interface Step {
  readonly command: string
  readonly output: string
}

function stepsOf(transcript: string): Step[] {
  return transcript
    .split(/^\$ /m)
    .slice(1)
    .map(step => {
      const end = step.indexOf('\n')
      return { command: step.slice(0, end), output: step.slice(end + 1).trimEnd() }
    })
}

/** What differs from run to run: times, ports, the server's exact version. */
function comparable(output: string): string {
  return output
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replaceAll(/\b\d\d:\d\d:\d\d\b/g, 'TIME')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'HOST')
    .replaceAll(/in \d+\.\d s/g, 'in SECONDS')
    .replaceAll(/MariaDB \S+/g, 'MariaDB VERSION')
    .trimEnd()
}

test(
  'the transcript of docs/sync.md, typed again, shows the same',
  { skip: mariadbMissing ?? (missing === undefined ? false : `${missing} is not installed`) },
  async () => {
    const [, transcript] = page.match(/```console\n([^]*?)```/)!
    const steps = stepsOf(transcript)
    assert.ok(steps.length > 12)
    const folder = temporaryFolder()
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    const shim = join(bin, 'svec')
    writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${SVEC}' "$@"\n`)
    chmodSync(shim, 0o755)
    const server = await startMariadb()
    try {
      const metrics = await freePort()
      const lines = steps.map(({ command }, i) => {
        const typed = command
          .replaceAll('3306', String(server.port))
          .replaceAll('9300', String(metrics))
          // The package is the one that was built.
          .replace(/^npm install .*$/, `export PATH='${bin}':$PATH`)
          // A busy machine may need longer than a person waits.
          .replace(
            /^sleep \d+$/,
            'for i in $(seq 50); do svec sync lag --max-entries 0 > /dev/null && break; sleep 0.1; done',
          )
        return `echo '@@@ ${i}'\n${typed}\n`
      })
      writeFileSync(join(folder, 'typed.sh'), lines.join(''))
      const { stdout, status } = spawnSync('script', ['-qec', 'bash typed.sh', '/dev/null'], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 120_000,
        env: {
          ...process.env,
          MYSQL_HOST: '127.0.0.1',
          MYSQL_TCP_PORT: String(server.port),
          USER: 'root',
        },
      })
      assert.equal(status, 0, stdout)
      const shown = stdout
        .replaceAll('\r\n', '\n')
        .split('\n')
        // A line that was drawn over shows what was drawn last.
        .map(line => line.slice(line.lastIndexOf('\r') + 1))
        .join('\n')
        .split(/^@@@ \d+\n/m)
        .slice(1)
      assert.deepEqual(
        steps.map(({ command }, i) => `$ ${command}\n${comparable(shown[i])}`),
        steps.map(({ command, output }) => `$ ${command}\n${comparable(output)}`),
      )
    } finally {
      await server.remove()
    }
  },
)

test('the settings of docs/sync.md are those of the command, word for word', () => {
  const rows = page.matchAll(/^\| `(\w+)` \| (.*?) \| `(SVEC_SYNC_\w+)` \| (.*?) \|$/gm)
  const listed = Array.from(rows, ([, key, flag, variable, text]) => [key, flag, variable, text])
  assert.deepEqual(
    listed,
    SETTINGS.map(({ key, flag, value, description }) => [
      key,
      flag === undefined ? '-' : `\`--${flag}${value === undefined ? '' : ` <${value}>`}\``,
      environmentName(key),
      description,
    ]),
  )
})
