import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { loadStaticEmbedder } from '../../src/entries/embedder.ts'
import { temporaryFolder } from '../cli/svec.ts'
import { golden, writeTinyModel } from '../embedder/tiny-model.ts'
import { noChromium, WebSite, type Page } from './chromium.ts'

interface ModelPage extends Page {
  fill(selector: string, value: string): Promise<void>
  press(selector: string, key: string): Promise<void>
  waitForSelector(selector: string): Promise<unknown>
  textContent(selector: string): Promise<string>
  setInputFiles(selector: string, path: string): Promise<void>
}

describe('the page with a static model, in Chromium', { skip: noChromium }, () => {
  const folder = temporaryFolder()
  const page = join(folder, 'page')
  // Definitions of a dictionary: the tiny model knows most of their words.
  const texts = golden.texts.slice(2000, 2200)
  let site: WebSite

  before(async () => {
    cpSync('dist/playground', page, { recursive: true })
    writeTinyModel(join(page, 'model'))
    const html = readFileSync(join(page, 'index.html'), 'utf8')
    // A build with the model of packages/embedder has the line already.
    const meta = html.includes('svec-model') ? '' : '<meta name="svec-model" content="./model/" />'
    writeFileSync(join(page, 'index.html'), html.replace('</head>', `${meta}</head>`))
    const lines = texts.map((content, i) => JSON.stringify({ id: `t${i}`, content }))
    writeFileSync(join(folder, 'texts.jsonl'), lines.join('\n'))
    site = await WebSite.start(page)
  })
  after(() => site.close())

  test('texts without vectors are embedded, and found by meaning', async () => {
    const opened = (await (await site.profile())()) as ModelPage
    const errors: Error[] = []
    opened.on('pageerror', error => errors.push(error))
    await opened.waitForSelector('#file-input')
    await opened.setInputFiles('#file-input', join(folder, 'texts.jsonl'))
    await opened.waitForSelector('#caption:has-text("200 vectors of 24 dimensions")')
    const embedder = await loadStaticEmbedder(join(page, 'model'))
    const query = 'a person who makes things out of water'
    await opened.fill('#query', query)
    await opened.press('#query', 'Enter')
    await opened.waitForSelector('#summary b')
    const wanted = embedder.embedText(query)
    const scores = texts.map(text =>
      embedder.embedText(text).reduce((sum, x, j) => sum + x * wanted[j], 0),
    )
    const best = scores.indexOf(Math.max(...scores))
    assert.equal(await opened.textContent('#results li:first-child b'), `t${best}`)
    assert.deepEqual(errors, [])
    await opened.close()
  })
})
