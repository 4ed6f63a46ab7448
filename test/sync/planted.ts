import type { RowDifference } from '../../src/entries/vecsync.ts'
import type { TestConnection } from './sqlite-database.ts'
import type { World } from './world.ts'

export const VECTOR = '0000803f00000040'
const ZERO = '0000000000000000'

/** Every column with how it is stored; the number of a row is not its upstream's business. */
const STORED = `SELECT hex(CAST(dataset_id AS BLOB)) || typeof(dataset_id) AS d, hex(CAST(id AS BLOB)) || typeof(id) AS i,
  hex(CAST(content AS BLOB)) || typeof(content) AS c, hex(CAST(meta AS BLOB)) || typeof(meta) AS m,
  hex(embedding) || typeof(embedding) AS e, hex(CAST(embedding_model AS BLOB)) || typeof(embedding_model) AS o,
  archived || typeof(archived) AS a, typeof(scn) AS s FROM shadow_vec_docs ORDER BY 1, 2`

export const stored = (replica: TestConnection): unknown[] => replica.prepare(STORED).all()

/** Rows with every kind of value. */
export async function fill(w: World, zeroBytes: boolean): Promise<void> {
  await w.put('a', 'text', VECTOR)
  await w.put('b', 'text', VECTOR)
  await w.put('zero', 'zero', ZERO)
  await w.put('empty', '', '')
  await w.put('none', null, null)
  await w.put('five', '5', VECTOR)
  await w.put('é', 'é', VECTOR)
  await w.put('bad\uFFFD', '\uFFFD', VECTOR)
  await w.sql(`UPDATE shadow_vec_docs SET meta = '{}', embedding_model = 'm' WHERE id = 'a'`)
  await w.sql(`UPDATE shadow_vec_docs SET meta = '', embedding_model = '' WHERE id = 'empty'`)
  await w.sql(`UPDATE shadow_vec_docs SET archived = 1 WHERE id = 'b'`)
  if (zeroBytes) await w.sql(`UPDATE shadow_vec_docs SET meta = '{"a":1}' WHERE id = 'zero'`)
}

/** What is planted, and what verify is to find: kind, id, and the reason where there is one. */
export type Planted = readonly [
  title: string,
  sql: string,
  ...found: readonly (readonly [RowDifference['kind'], string, RegExp?])[],
]

export const set = (change: string, id = 'a'): string =>
  `UPDATE shadow_vec_docs SET ${change} WHERE id = '${id}'`

export const insert = (id: string, dataset = `'d'`): string =>
  `INSERT INTO shadow_vec_docs (dataset_id, id, content) VALUES (${dataset}, ${id}, 'planted')`

export const planted: readonly Planted[] = [
  [
    'an id stored as BLOB, in place of its text',
    set('id = CAST(id AS BLOB)'),
    ['extra', 'a', /^id is stored as BLOB$/],
    ['missing', 'a'],
  ],
  [
    'an id stored as BLOB, beside its text',
    insert(`x'61'`),
    ['extra', 'a', /^id is stored as BLOB$/],
  ],
  [
    'a dataset_id stored as BLOB, in place of its text',
    set('dataset_id = CAST(dataset_id AS BLOB)'),
    ['extra', 'a', /^dataset_id is stored as BLOB$/],
    ['missing', 'a'],
  ],
  [
    'a dataset_id stored as BLOB, beside its text',
    insert(`'a'`, `x'64'`),
    ['extra', 'a', /^dataset_id is stored as BLOB$/],
  ],
  [
    'content stored as BLOB',
    set('content = CAST(content AS BLOB)'),
    ['different', 'a', /^content is stored as BLOB$/],
  ],
  [
    'meta stored as BLOB',
    set('meta = CAST(meta AS BLOB)'),
    ['different', 'a', /^meta is stored as BLOB$/],
  ],
  [
    'a model stored as BLOB',
    set('embedding_model = CAST(embedding_model AS BLOB)'),
    ['different', 'a', /^embedding_model is stored as BLOB$/],
  ],
  [
    'an embedding stored as TEXT',
    set('embedding = CAST(embedding AS TEXT)'),
    ['different', 'a', /^embedding is stored as TEXT$/],
  ],
  [
    'an embedding that is a number',
    set('embedding = 1234'),
    ['different', 'a', /^embedding is stored as INTEGER$/],
  ],
  [
    'archived stored as BLOB',
    set(`archived = x'30'`),
    ['different', 'a', /^archived is stored as BLOB$/],
  ],
  [
    'archived that is half a number',
    set('archived = 0.5'),
    ['different', 'a', /^archived is stored as REAL$/],
  ],
  [
    'archived that is text',
    set(`archived = 'no'`),
    ['different', 'a', /^archived is stored as TEXT$/],
  ],
  ['a row that is hidden', set('archived = 1'), ['different', 'a']],
  ['a row that is shown', set('archived = 0', 'b'), ['different', 'b']],
  ['a row that is hidden twice', set('archived = 2', 'b'), ['different', 'b']],
  ['a number stored as BLOB', set(`scn = x'00'`), ['different', 'a', /^scn is stored as BLOB$/]],
  ['a number that is text', set(`scn = 'late'`), ['different', 'a', /^scn is stored as TEXT$/]],
  [
    'a number of changes to come',
    set('scn = 4611686018427387904'),
    ['different', 'a', /^scn is 4611686018427387904, beyond the last change$/],
  ],
  ['NULL for empty content', set('content = NULL', 'empty'), ['different', 'empty']],
  ['NULL for empty meta', set('meta = NULL', 'empty'), ['different', 'empty']],
  ['NULL for an empty model', set('embedding_model = NULL', 'empty'), ['different', 'empty']],
  ['NULL for an empty embedding', set('embedding = NULL', 'empty'), ['different', 'empty']],
  ['empty content for NULL', set(`content = ''`, 'none'), ['different', 'none']],
  ['empty meta for NULL', set(`meta = ''`, 'none'), ['different', 'none']],
  ['an empty model for NULL', set(`embedding_model = ''`, 'none'), ['different', 'none']],
  ['an empty embedding for NULL', set(`embedding = x''`, 'none'), ['different', 'none']],
  ['the text of NULL for NULL', set(`content = '~'`, 'none'), ['different', 'none']],
  [
    'text that goes on behind a NUL',
    set(`content = content || char(0) || 'more'`),
    ['different', 'a'],
  ],
  ['text with a NUL at its end', set('content = content || char(0)'), ['different', 'a']],
  [
    'text that is not UTF-8, and reads like what it should be',
    set(`content = CAST(x'ff' AS TEXT)`, 'bad\uFFFD'),
    ['different', 'bad\uFFFD'],
  ],
  [
    'an id that is not UTF-8, and reads like another',
    insert(`CAST(x'626164ff' AS TEXT)`),
    ['extra', 'bad\uFFFD'],
  ],
  ['an id that goes on behind a NUL', insert(`'a' || char(0)`), ['extra', 'a\u0000']],
  ['an id with a blank behind it', insert(`'a '`), ['extra', 'a ']],
  ['an id in capitals', insert(`'A'`), ['extra', 'A']],
  ['an id of another normal form', insert(`'e' || char(0x301)`), ['extra', 'e\u0301']],
  ['content with a blank behind it', set(`content = content || ' '`), ['different', 'a']],
  ['content in capitals', set('content = upper(content)'), ['different', 'a']],
  ['content of another normal form', set(`content = 'e' || char(0x301)`, 'é'), ['different', 'é']],
  [
    'content behind a byte order mark',
    set('content = char(0xFEFF) || content'),
    ['different', 'a'],
  ],
  ['a vector with -0 for 0', set(`embedding = x'0000008000000000'`, 'zero'), ['different', 'zero']],
  [
    'a vector with another NaN',
    set(`embedding = x'0000c07f00000000'`, 'zero'),
    ['different', 'zero'],
  ],
  [
    'a vector that is one dimension longer',
    set(`embedding = embedding || x'00000000'`, 'zero'),
    ['different', 'zero', /^embedding is stored as TEXT$/],
  ],
  [
    'a vector of another length',
    set(`embedding = x'000000000000000000000000'`, 'zero'),
    ['different', 'zero'],
  ],
  ['another id', set(`id = 'c'`), ['extra', 'c'], ['missing', 'a']],
  [
    'two rows that changed places',
    `UPDATE shadow_vec_docs SET id = CASE id WHEN 'a' THEN 'five-' ELSE 'a' END WHERE id IN ('a', 'five'); UPDATE shadow_vec_docs SET id = 'five' WHERE id = 'five-'`,
    ['different', 'a'],
    ['different', 'five'],
  ],
]
