import assert from 'node:assert/strict'
import { bareError, type Step } from './golden-folder.ts'
import { paramsOf, recordedRows, type Outcome } from './outcome.ts'
import type { Replay } from './replay.ts'
import { asOriginalRead, parseCreate } from './vec-tables.ts'

/** A deliberate difference from the original. docs/sql.md lists the same ones by their ids. */
export interface Rule {
  readonly id: string
  readonly reason: string
  /** No answer of this repository shows it; another folder may. */
  readonly unrecorded?: boolean
  /** Whether it touches this step: told from its SQL, what was recorded, and the state of the replay. */
  applies(step: Step, replay: Replay): boolean
  /** Asserts what ours does instead. */
  check(step: Step, replay: Replay, ours: Outcome): void
}

const byOracle: Rule['check'] = (step, replay, ours) => replay.expectOracle(step, ours)
const searches = (step: Step): boolean => /\bMATCH\b/i.test(step.sql)
const reads = (step: Step, replay: Replay): boolean =>
  /^\s*SELECT\b/i.test(step.sql) && replay.tableOf(step.sql) !== undefined
const failed = (step: Step, text: RegExp): boolean => step.error !== null && text.test(step.error)

export const rules: readonly Rule[] = [
  {
    id: 'vec-admin',
    reason: 'vec_admin works',
    applies: step => /\bvec_admin\b/i.test(step.sql) && failed(step, /xBestIndex malfunction/),
    check: (_step, _replay, ours) => {
      assert.equal(ours.error, undefined)
      assert.match(String(ours.rows[0][0]), /^reindexed:\d+$/)
    },
  },
  {
    id: 'plan-text',
    reason: 'bounds, k and LIMIT are part of the plan, which says what it uses',
    applies: step => /^\s*EXPLAIN QUERY PLAN\b/i.test(step.sql) && step.error === null,
    check: (_step, _replay, ours) => {
      const detail = String(ours.rows[0].at(-1))
      assert.match(detail, /^SCAN \S+ VIRTUAL TABLE INDEX [01]:dataset=( match( score>)?)?$/)
    },
  },
  {
    id: 'checked-options',
    reason: 'a typo in an option must not pass unnoticed',
    applies: step => {
      const create = parseCreate(step.sql)
      return step.error === null && create !== undefined && optionsToRefuse(create.args)
    },
    check: (step, replay, ours) => {
      assert.equal(ours.error?.code, 'VEC_OPTION')
      assert.notEqual(ours.error.hint, undefined)
      // The steps that follow go on with what the original made of it.
      const create = parseCreate(step.sql)
      const sql = asOriginalRead(create!)
      if (!/\/nonexistent\//.test(sql)) replay.db.exec(sql)
    },
  },
  {
    id: 'any-name',
    reason: 'names are quoted where they are used',
    applies: step => failed(step, /declare_vtab failed/),
    check: (step, _replay, ours) => {
      const [column] = parseCreate(step.sql)!.args
      if (/^(dataset_id|match_score|distance|k|content|meta|embedding)$/i.test(column)) {
        assert.equal(ours.error?.code, 'VEC_OPTION')
        assert.match(ours.error.message, new RegExp(column))
      } else assert.equal(ours.error, undefined)
    },
  },
  {
    id: 'written-through',
    reason: 'the vec table passes what is written to its shadow table',
    applies: step => failed(step, /attempt to write a readonly database/),
    check: (step, replay, ours) => {
      const { name } = replay.tableOf(step.sql)!
      const count = (sql: string): unknown =>
        replay.db
          .prepare(sql)
          .pluck()
          .get(...paramsOf(step))
      if (/^\s*UPDATE/i.test(step.sql)) {
        // One id for all documents of a dataset: the second is refused, and the first is as it was.
        assert.equal(ours.error?.code, 'SQLITE_CONSTRAINT')
        assert.equal(count(`SELECT count(*) FROM "_vec_${name}" WHERE id = 'z' OR ? = ''`), 0)
        return
      }
      assert.equal(ours.error, undefined)
      if (/^\s*DELETE/i.test(step.sql)) {
        assert.equal(count(`SELECT count(*) FROM "${name}" WHERE dataset_id = ?`), 0)
      } else {
        const where = "dataset_id = 'x' AND id = 'y'"
        assert.equal(count(`SELECT count(*) FROM "_vec_${name}" WHERE ${where}`), 1)
      }
    },
  },
  {
    id: 'hidden-columns',
    reason:
      'distance, k, content, meta and embedding save a join; filter and recall belong to a search',
    applies: step => /pragma_table_xinfo/i.test(step.sql),
    check: (step, _replay, ours) => {
      const recorded = recordedRows(step)
      const own = ours.rows.slice(recorded.length)
      assert.deepEqual(
        ours.rows.slice(0, recorded.length).map(([name]) => name),
        recorded.map(([name]) => name),
      )
      assert.deepEqual(
        own.map(([name]) => name),
        ['distance', 'k', 'content', 'meta', 'embedding', tableIn(step.sql), 'filter', 'recall'],
      )
      // 2: a hidden column of a virtual table; the id column never is one, and its type is TEXT.
      assert.deepEqual(
        ours.rows.map(row => row[2]),
        [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1],
      )
      assert.equal(ours.rows[1][1], 'TEXT')
    },
  },
  {
    id: 'shadow-made',
    reason: 'the first minute needs no table made by hand',
    applies: (step, replay) => step.error === null && shadowOf(step, replay) !== undefined,
    check: (step, replay, ours) => {
      const shadow = shadowOf(step, replay)
      assert.match(ours.error?.message ?? '', new RegExp(`^table "?${shadow}"? already exists$`))
      // The steps that follow are about a table of the recorded shape.
      replay.db.exec(`DROP TABLE "${shadow}"`)
      replay.db.exec(step.sql)
    },
  },
  {
    id: 'shadow-validated',
    reason: 'the error says which columns the table has, and what to do',
    applies: step => failed(step, /no such column: (dataset_id|id|embedding)/),
    check: (step, _replay, ours) => {
      assert.equal(ours.error?.code, 'VEC_SHADOW')
      assert.ok(ours.error.message.includes(bareError(step.error!)), ours.error.message)
    },
  },
  {
    id: 'shadow-always-there',
    reason: 'created with the vec table, renamed with it',
    applies: (step, replay) =>
      failed(step, /no such table: main\._vec_/) && replay.tableOf(step.sql) !== undefined,
    check: byOracle,
  },
  {
    id: 'dbpath-checked',
    reason: 'a wrong path is told when it is given',
    applies: step => failed(step, /unable to open database file/),
    check: (_step, _replay, ours) => assert.match(ours.error?.message ?? '', /^no such table: /),
  },
  {
    id: 'plain-triggers',
    reason: 'any SQLite client may write the shadow table',
    applies: step =>
      (/\bsqlite_(master|schema)\b/i.test(step.sql) && step.error === null) ||
      /DROP TRIGGER trg_vec_/i.test(step.sql),
    check: (step, replay, ours) => {
      if (/DROP TRIGGER/i.test(step.sql)) {
        assert.match(ours.error?.message ?? '', /^no such trigger: /)
        return
      }
      assert.equal(ours.error, undefined)
      const [, shadow] = /tbl_name\s*=\s*'(\w+)'/i.exec(step.sql) ?? []
      const sql = replay.db
        .prepare('SELECT type, name, sql FROM sqlite_master WHERE tbl_name = ?')
        .raw()
        .all(shadow) as string[][]
      assert.ok(sql.some(([type, name]) => type === 'table' && name === shadow))
      assert.ok(sql.every(([, , text]) => !/vec_invalidate/.test(text ?? '')))
    },
  },
  {
    id: 'storage',
    reason: 'indexes are kept up row by row, and are never saved in the way of a SELECT',
    applies: step => /\bvector_storage\b/i.test(step.sql) && !/^\s*UPDATE\b/i.test(step.sql),
    check: (step, _replay, ours) => {
      assert.equal(ours.error, undefined)
      if (step.columns) assert.deepEqual(ours.columns, step.columns)
      // A search in a dataset that is not there leaves nothing behind.
      if (/WHERE dataset_id = 'nowhere'/i.test(step.sql)) assert.deepEqual(ours.rows, [])
    },
  },
  {
    id: 'dimension-text',
    reason: 'one text for all indexes, which names dataset and both dimensions',
    applies: step => failed(step, /(bruteforce: query dim|cover: query dim mismatch)/),
    check: (step, _replay, ours) => {
      assert.equal(ours.error?.code, 'VEC_DIMENSION')
      assert.match(
        ours.error.message,
        /^vec: query dim \d+ != index dim \d+: dataset '.*' of main\._vec_\S+ holds vectors of \d+ dimensions$/,
      )
      const dims = /query dim \d+ != index dim \d+/.exec(step.error!)?.[0]
      assert.ok(dims === undefined || ours.error.message.includes(dims))
    },
  },
  {
    id: 'bad-rows-skipped',
    reason: 'one bad row must not make a dataset unsearchable',
    applies: (step, replay) =>
      failed(step, /inconsistent vector dims|invalid embedding blob length/) &&
      searches(step) &&
      reads(step, replay) &&
      !paramsOf(step).some(value => value instanceof Uint8Array && value.length % 4 !== 0),
    check: byOracle,
  },
  {
    id: 'number-datasets',
    reason: 'an integer is converted to its digits',
    applies: (step, replay) =>
      failed(step, /unsupported dataset_id type int64/) && reads(step, replay),
    check: byOracle,
  },
  {
    id: 'dataset-lists-and-joins',
    reason: 'a list of datasets and a join name their datasets just as well',
    applies: (step, replay) =>
      failed(step, /dataset_id constraint (is )?required/) &&
      reads(step, replay) &&
      /dataset_id\s+IN\b|\bOR\b|\bJOIN\b/i.test(step.sql),
    check: byOracle,
  },
  {
    id: 'never-locked-out',
    reason: 'a search runs on the connection that asks',
    applies: (step, replay) => failed(step, /database is locked/) && reads(step, replay),
    check: byOracle,
  },
  {
    id: 'stale-ids',
    reason: 'a stored index is never trusted against the rows',
    applies: step => failed(step, /sql: no rows in result set/),
    check: byOracle,
  },
  {
    id: 'own-transaction',
    reason: 'a query sees what its own transaction sees',
    applies: (step, replay) => replay.writing && reads(step, replay),
    check: byOracle,
  },
  {
    id: 'always-fresh',
    reason: 'every query checks that its index is that of its snapshot',
    applies: (step, replay) => replay.staleInOriginal && searches(step) && reads(step, replay),
    check: byOracle,
  },
  {
    id: 'exact-greater',
    reason: '> means greater',
    applies: (step, replay) =>
      /match_score\s*>(?!=)/i.test(step.sql) && searches(step) && reads(step, replay),
    check: byOracle,
  },
  {
    id: 'metric-obeyed',
    reason: 'the metric of the table decides, whatever index answers',
    applies: (step, replay) => {
      const table = replay.tableOf(step.sql)
      if (!table || table.metric === 'cosine' || !searches(step) || !reads(step, replay))
        return false
      return (
        table.index !== 'cover' ||
        (replay.file.vector_storage ?? []).some(
          stored =>
            stored.format === 'brute' && stored.shadow_table_name === `main._vec_${table.name}`,
        )
      )
    },
    check: byOracle,
  },
  {
    id: 'euclidean-not-clamped',
    reason: 'rows beyond distance 2 keep their order',
    applies: (step, replay) =>
      replay.tableOf(step.sql)?.metric === 'euclidean' &&
      searches(step) &&
      reads(step, replay) &&
      step.error === null &&
      (recordedRows(step).some(row => row.includes(-1)) ||
        /ORDER BY match_score ASC/i.test(step.sql)),
    check: byOracle,
  },
  {
    id: 'double-scores',
    reason:
      'scores are those of double arithmetic, so a bound taken from a float32 score cuts elsewhere',
    applies: (step, replay) =>
      replay.tableOf(step.sql)?.index === 'cover' &&
      searches(step) &&
      reads(step, replay) &&
      step.error === null &&
      /match_score\s*(>=|<=|<|=|BETWEEN)/i.test(step.sql),
    check: byOracle,
  },
  {
    id: 'zero-queries',
    reason: 'a query of length zero has distances, though no direction',
    applies: (step, replay) =>
      replay.tableOf(step.sql)?.metric === 'euclidean' &&
      searches(step) &&
      reads(step, replay) &&
      step.error === null &&
      paramsOf(step).some(isZeroVector),
    check: byOracle,
  },
  {
    id: 'zero-vectors',
    reason: 'a vector of length zero has no direction, whatever index answers',
    unrecorded: true,
    applies: (step, replay) => {
      const table = replay.tableOf(step.sql)
      if (table?.index !== 'cover' || table.metric !== 'cosine' || step.error !== null) return false
      if (!searches(step) || !reads(step, replay)) return false
      const zero = `SELECT 1 FROM "_vec_${table.name}" WHERE length(embedding) > 0 AND trim(hex(embedding), '0') = ''`
      return replay.db.prepare(zero).get() !== undefined
    },
    check: byOracle,
  },
]

/** Differences that no recorded answer can show, and the tests that hold ours. */
export const shownElsewhere: Readonly<Record<string, string>> = {
  'dbpath-allowed': 'test/vec/dbpath-policy.test.ts',
  'archived-hidden': 'test/golden-sql/golden-sql.test.ts',
  'pushed-down': 'test/vec/plans.test.ts',
  'any-journal-mode': 'test/vec/quick-start.test.ts',
  'last-scn-view': 'test/original/readme-packages.test.ts',
  'finite-queries': 'test/vec/bad-queries.test.ts',
}

export function ruleFor(step: Step, replay: Replay): Rule | undefined {
  return rules.find(rule => rule.applies(step, replay))
}

function isZeroVector(value: unknown): boolean {
  return value instanceof Uint8Array && value.length > 0 && value.every(byte => byte === 0)
}

/** The table that pragma_table_xinfo is asked for. */
function tableIn(sql: string): string | undefined {
  return /pragma_table_xinfo\('?"?(\w+)/i.exec(sql)?.[1]
}

/** Arguments that the original takes without a word and ours refuses. */
function optionsToRefuse(args: readonly string[]): boolean {
  const rest = args[0]?.includes('=') ? args : args.slice(1)
  const allowed: Record<string, RegExp> = {
    dbpath: /^(?!$)(?!\/nonexistent\/)/,
    index: /^['"]?(auto|brute|cover)['"]?$/i,
    cover_base: /^(1\.\d*[1-9]\d*|[2-9]\d*(\.\d+)?)$/,
    cover_bound: /^(per_?node|level|bound\w+)$/i,
    cover_distance: /^(cosine|euclidean|l2)$/i,
    cover_parallel: /^(auto|off|\d+)$/i,
    metric: /^(cosine|euclidean|l2|dot)$/i,
  }
  return rest.some(arg => {
    const [, key, value] = /^(\w+)\s*=\s*(.*)$/s.exec(arg) ?? []
    return key === undefined || !allowed[key.toLowerCase()]?.test(value)
  })
}

/** The shadow table of a vec table that is there, when this step creates it by hand. */
function shadowOf({ sql }: Step, replay: Replay): string | undefined {
  const [, name] = /^\s*CREATE TABLE (\w+)\s*\(/i.exec(sql) ?? []
  return replay.tables.some(table => `_vec_${table.name}` === name) ? name : undefined
}
