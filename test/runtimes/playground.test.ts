import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { open } from '../../src/entries/main.ts'
import { noChromium, WebSite } from './chromium.ts'
import {
  COUNT,
  DIM,
  documents,
  ids,
  search,
  vectorOf,
  writeFile,
  type UiPage,
} from './playground-page.ts'

/** The names of the databases in the storage of the browser. */
const kept = async (page: UiPage): Promise<string[]> =>
  page.evaluate(async () => {
    const top = await navigator.storage.getDirectory()
    const folder = await top.getDirectoryHandle('.sqlite-vec-ts', { create: true })
    const names: string[] = []
    for await (const name of folder.keys()) names.push(name)
    return names
  })

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`

/** The documents as CSV or TSV: a quote, a line end and a letter of several bytes stay what they are. */
function separated(delimiter: string): string {
  const rows = documents.map(({ id, content, meta, embedding }) =>
    [id, `${content}\n"ü"`, JSON.stringify(meta), JSON.stringify(embedding)].map(quoted),
  )
  return [['id', 'content', 'meta', 'embedding'], ...rows]
    .map(row => row.join(delimiter))
    .join('\r\n')
}

describe('the page in Chromium', { skip: noChromium }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'playground-'))
  const path = (name: string): string => join(folder, name)
  const shots = process.env['SCREENSHOTS'] ?? folder
  let site: WebSite
  const complaints: string[] = []

  before(async () => {
    const lines = documents.map(document => JSON.stringify(document)).join('\n')
    writeFileSync(path('docs.jsonl'), lines)
    writeFileSync(path('packed.jsonl.gz'), gzipSync(lines))
    writeFileSync(path('docs.json'), JSON.stringify(documents))
    const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${COUNT}, ${DIM}), }`.padEnd(
      117,
    )
    const numbers = new Float32Array(documents.flatMap(({ embedding }) => embedding))
    const magic = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0])
    writeFileSync(
      path('docs.npy'),
      Buffer.concat([magic, Buffer.from(`${head}\n`), Buffer.from(numbers.buffer)]),
    )
    for (const [name, delimiter] of [
      ['docs.csv', ','],
      ['docs.tsv', '\t'],
    ])
      writeFileSync(path(name), separated(delimiter))
    writeFileSync(path('bad.jsonl'), '{"id": "a", "embedding": [1,')
    writeFileSync(path('bad.csv'), 'id,embedding\n"a,1 2\n')
    await writeFile(path('docs.sqlite'))
    const wal = await open(path('wal.sqlite'))
    wal.exec('PRAGMA journal_mode = wal; CREATE VIRTUAL TABLE docs USING vec(doc_id)')
    wal.exec(`ATTACH '${path('docs.sqlite')}' AS other`)
    wal.exec('INSERT INTO _vec_docs SELECT * FROM other._vec_docs')
    wal.close()
    const damaged = readFileSync(path('docs.sqlite'))
    damaged.fill(0xff, 100, 4096)
    writeFileSync(path('damaged.sqlite'), damaged)
    site = await WebSite.start('dist/playground')
  })
  after(async () => {
    await site.close()
    rmSync(folder, { recursive: true })
    assert.deepEqual(complaints, [])
  })

  /** Opens pages of one profile, which share their storage. What they complain about fails the tests. */
  async function profile(): Promise<() => Promise<UiPage>> {
    const openPage = await site.profile()
    return async () => {
      const page = (await openPage()) as UiPage
      page.on('pageerror', error => complaints.push(error.message))
      page.on('console', message => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      return page
    }
  }

  async function load(page: UiPage, file: string): Promise<void> {
    await page.waitForSelector('#file-input')
    await page.setInputFiles('#file-input', path(file))
    await page.waitForSelector('#caption:has-text("variance")')
  }

  const files = [
    'docs.jsonl',
    'packed.jsonl.gz',
    'docs.json',
    'docs.csv',
    'docs.tsv',
    'docs.npy',
    'docs.sqlite',
    'wal.sqlite',
  ]
  for (const file of files) {
    test(`${file} is loaded, shown and searched`, async () => {
      const page = await (await profile())()
      await load(page, file)
      assert.match(await page.textContent('#caption'), /^90 vectors of 6 dimensions/)
      const [first] = await search(page, vectorOf(11))
      assert.equal(first, file.endsWith('npy') ? '11' : 'd11')
      if (/[ct]sv$/.test(file)) assert.match(await page.textContent('#results li'), /text 11\s+"ü"/)
      await page.close()
    })
  }

  test('a file that cannot be read says where and what to do, and leaves nothing behind', async () => {
    const page = await (await profile())()
    await page.waitForSelector('#file-input')
    await page.setInputFiles('#file-input', path('bad.jsonl'))
    await page.waitForSelector('#trouble strong:has-text("bad.jsonl, line 1: not JSON")')
    await page.setInputFiles('#file-input', path('bad.csv'))
    await page.waitForSelector(
      '#trouble strong:has-text("a quote that opens a field is never closed")',
    )
    await page.setInputFiles('#file-input', path('damaged.sqlite'))
    await page.waitForSelector('#trouble strong:has-text("malformed")')
    await page.reload()
    await page.waitForSelector('#file-input')
    assert.deepEqual(await kept(page), [])
    await page.close()
  })

  test('a filter by click narrows searches, and its chip removes it', async () => {
    const page = await (await profile())()
    await load(page, 'docs.sqlite')
    await page.waitForSelector('#legend button')
    const all = await search(page, vectorOf(4))
    assert.equal(all[0], 'd4')
    await page.click('#legend button:has-text("fr")')
    await page.waitForSelector('#chips .chip:has-text("lang: fr")')
    await page.waitForSelector('#results li:first-child:not(:has-text("text 4"))')
    const french = await ids(page)
    assert.ok(
      french.length === 10 && french.every(id => Number(id.slice(1)) % 3 === 2),
      french.join(),
    )
    await page.click('#chips .chip')
    await page.waitForSelector('#results li:first-child:has-text("text 4")')
    await page.close()
  })

  test('a lasso selects points, which are saved with their vectors', async () => {
    const page = await (await profile())()
    await load(page, 'docs.sqlite')
    await page.click('#lasso')
    const box = await page.evaluate(() => {
      const scope = globalThis as unknown as {
        document: {
          querySelector(s: string): {
            getBoundingClientRect(): { x: number; y: number; width: number; height: number }
          }
        }
      }
      const { x, y, width, height } = scope.document.querySelector('#map').getBoundingClientRect()
      return { x, y, width, height }
    })
    const corners = [
      [0.01, 0.01],
      [0.99, 0.01],
      [0.99, 0.99],
      [0.01, 0.99],
    ]
    for (const [i, [right, down]] of corners.entries()) {
      await page.mouse.move(box.x + right * box.width, box.y + down * box.height)
      if (i === 0) await page.mouse.down()
    }
    await page.mouse.up()
    await page.waitForSelector('#save-selection')
    assert.match(await page.textContent('#panel-selection'), /90 selected/)
    const waiting = page.waitForEvent('download')
    await page.click('#save-selection')
    const saved = readFileSync(await (await waiting).path(), 'utf8')
      .trim()
      .split('\n')
    assert.equal(saved.length, COUNT)
    const { id, meta, embedding } = JSON.parse(saved[5]) as (typeof documents)[number]
    assert.deepEqual([id, meta], ['d5', documents[5].meta])
    assert.deepEqual(Float32Array.from(embedding), Float32Array.from(documents[5].embedding))
    await page.close()
  })

  test('contents are text: markup is shown, control characters are visible', async () => {
    const page = await (await profile())()
    await load(page, 'docs.sqlite')
    await search(page, vectorOf(7))
    await page.click('#results li:first-child .document')
    await page.waitForSelector('#panel-document .content')
    const content = await page.textContent('#panel-document .content')
    assert.ok(content.includes('<img src=x onerror="document.title=1">'))
    assert.ok(
      content.includes('\\u001b[2J') && content.includes('\\u202e') && !content.includes('\u202e'),
    )
    await page.click('#like')
    await page.waitForSelector('#chips .chip:has-text("like d7")')
    await page.close()
  })

  test('a check shows findings, and a repair ends them', async () => {
    const page = await (await profile())()
    await load(page, 'docs.sqlite')
    await page.click('#check')
    await page.waitForSelector('#findings .warning')
    assert.match(await page.textContent('#findings'), /tables that do not exist/)
    await page.click('#repair')
    await page.waitForSelector('#findings .good')
    await page.close()
  })

  test('the map is laid out by neighbours if a person asks and does not cancel', async () => {
    const page = await (await profile())()
    await load(page, 'docs.sqlite')
    await search(page, vectorOf(5))
    const plane = await page.textContent('#caption')
    const cancelled = await page.evaluate(() => {
      interface Control {
        value: string
        hidden: boolean
        dispatchEvent(event: Event): void
        click(): void
      }
      const { document, Event: Changed } = globalThis as unknown as {
        Event: typeof Event
        document: { querySelector(s: string): Control }
      }
      const [layout, progress, cancel] = ['', '-progress', '-cancel'].map(part =>
        document.querySelector(`#layout${part}`),
      )
      layout.value = 'neighbors'
      layout.dispatchEvent(new Changed('change'))
      const begun = !progress.hidden
      cancel.click()
      return [begun, progress.hidden, layout.value]
    })
    assert.deepEqual(cancelled, [true, true, 'plane'])
    assert.equal(await page.textContent('#caption'), plane)
    await page.selectOption('#layout', 'neighbors')
    await page.waitForSelector('#caption:has-text("UMAP")')
    assert.deepEqual((await ids(page)).slice(0, 1), ['d5'])
    await page.selectOption('#layout', 'plane')
    await page.waitForSelector('#caption:has-text("variance")')
    await page.close()
  })

  test('a reload keeps the data, and a second tab sees it at the same time', async () => {
    const openPage = await profile()
    const page = await openPage()
    await load(page, 'docs.sqlite')
    await page.reload()
    await page.waitForSelector('#caption:has-text("variance")')
    assert.equal((await search(page, vectorOf(20)))[0], 'd20')
    assert.deepEqual(await kept(page), ['docs.sqlite'])
    const second = await openPage()
    await second.click('.kept button:has-text("docs.sqlite")')
    await second.waitForSelector('#caption:has-text("90 vectors")')
    assert.equal((await search(second, vectorOf(21)))[0], 'd21')
    await page.close()
    assert.equal((await search(second, vectorOf(22)))[0], 'd22')
    await second.close()
  })

  test('the sample is shown by light and by dark, wide and narrow, and nothing is cut off', async t => {
    const page = await (await profile())()
    await page.waitForSelector('#sample')
    const began = performance.now()
    await page.click('#sample')
    await page.waitForSelector('#legend button')
    t.diagnostic(`the sample is shown after ${Math.round(performance.now() - began)} ms`)
    // What only some visits need is not loaded for all.
    const loaded = await page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => name.replace(/^.*\//, '')),
    )
    assert.ok(loaded.includes('sample.bin') && loaded.includes('page.js'), loaded.join())
    assert.ok(!loaded.some(name => /^(neighbor|layout|import|csv|scalar)-/.test(name)))
    const [first] = await search(page, 'bird')
    assert.ok(first !== undefined)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      for (const width of [1280, 768, 360]) {
        await page.setViewportSize({ width, height: 800 })
        const wide = await page.evaluate(() => {
          const scope = globalThis as unknown as {
            document: { documentElement: { scrollWidth: number } }
          }
          return scope.document.documentElement.scrollWidth
        })
        assert.ok(wide <= width, `${wide} at ${width}`)
        await page.screenshot({ path: join(shots, `sample-${colorScheme}-${width}.png`) })
      }
    }
    await page.close()
  })

  test('keys alone search, open a document, and move the map', async () => {
    const page = await (await profile())()
    await load(page, 'docs.sqlite')
    await search(page, vectorOf(9))
    await page.press('#results li:first-child .document', 'Enter')
    await page.waitForSelector('#panel-document h3:has-text("d9")')
    await page.press('#tab-document', 'ArrowRight')
    await page.waitForSelector('#tab-compare[aria-selected="true"]')
    for (const key of ['ArrowLeft', '+', '-', '0']) await page.press('#map', key)
    await page.press('#map', 'Enter')
    await page.waitForSelector('#tab-document[aria-selected="true"]')
    await page.close()
  })
})
