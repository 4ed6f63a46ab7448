// Keeps api/: one file per entry point with every declaration that its users can see.
// `node scripts/api-report.mjs` fails when a file differs from what was built; `--update` writes it anew.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

const update = process.argv.includes('--update')
const root = process.cwd()
const folder = join(root, 'api')
const fresh = mkdtempSync(join(tmpdir(), 'api-'))
process.on('exit', () => rmSync(fresh, { recursive: true, force: true }))
mkdirSync(folder, { recursive: true })

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const reports = new Set()
const changed = []
for (const [entry, target] of Object.entries(exports)) {
  if (typeof target === 'string') continue
  const name = `${entry === '.' ? 'main' : entry.slice(2).replaceAll('/', '-')}.api.md`
  reports.add(name)
  if (!report(target.types, name)) changed.push(name)
}
for (const name of readdirSync(folder).filter(file => !reports.has(file))) {
  if (update) rmSync(join(folder, name))
  else changed.push(name)
}
if (changed.length > 0 && !update) {
  process.stderr.write(
    `The public API differs from ${changed.map(name => `api/${name}`).join(', ')}.\n` +
      'If that is meant, run `npm run api` and commit the difference.\n',
  )
  process.exit(1)
}

/** True when the report of one entry point is as committed. */
function report(types, reportFileName) {
  const configObject = {
    projectFolder: root,
    mainEntryPointFilePath: join(root, types),
    compiler: {
      overrideTsconfig: {
        compilerOptions: {
          target: 'es2023',
          lib: ['es2023', 'webworker'],
          types: ['node'],
          module: 'nodenext',
          moduleResolution: 'nodenext',
          strict: true,
          skipLibCheck: true,
          allowImportingTsExtensions: true,
          noEmit: true,
        },
        // Alone: the declarations of a framework are many, and only its entry point imports them.
        include: [],
        files: [join(root, types)],
      },
    },
    newlineKind: 'lf',
    apiReport: { enabled: true, reportFileName, reportFolder: folder, reportTempFolder: fresh },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: { default: { logLevel: 'error' } },
      extractorMessageReporting: { default: { logLevel: 'none' } },
      tsdocMessageReporting: { default: { logLevel: 'none' } },
    },
  }
  const config = ExtractorConfig.prepare({
    configObject,
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
  })
  const known = existsSync(join(folder, reportFileName))
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: update,
    messageCallback: message => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error
    },
  })
  if (errorCount > 0) process.exit(1)
  return known && !apiReportChanged
}
