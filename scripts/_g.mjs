import { build } from 'esbuild'
const { metafile } = await build({
  entryPoints: ['src/worker/collections/async-collection.ts'],
  bundle: true,
  write: false,
  minify: true,
  metafile: true,
  platform: 'browser',
  format: 'esm',
  logLevel: 'silent',
  external: ['#*'],
})
for (const [k, v] of Object.entries(metafile.outputs))
  console.log(
    k,
    v.bytes,
    Object.entries(v.inputs)
      .map(([a, b]) => a + ':' + b.bytesInOutput)
      .join('\n'),
  )
const i = metafile.inputs
for (const k of Object.keys(i))
  if (!/^src\/(core|worker)/.test(k))
    console.log(
      'IN',
      k,
      i[k].imports
        .map(x => x.path.replace('src/', ''))
        .filter(x => !x.startsWith('core'))
        .join(' '),
    )
