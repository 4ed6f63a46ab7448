import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import {
  createReplicator,
  type LegacyOptions,
  mysqlUpstream,
  postgresUpstream,
  type Replicator,
  sqliteUpstream,
} from '../../src/entries/vecsync.ts'
import { mariadbMissing, startMariadb, type MariadbServer } from '../servers/mariadb.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { openSqlite, type TestConnection } from './sqlite-database.ts'
import { drain, idsOf } from './world.ts'

describe('the log of a file that the original wrote', () => {
  let directory: string
  let upstream: TestConnection
  let replica: TestConnection
  let replicator: Replicator
  beforeEach(() => {
    directory = temporaryFolder('legacy')
    const path = join(directory, 'upstream.db')
    copyFileSync('test/golden/db/sync.db', path)
    upstream = openSqlite(path)
    replica = openSqlite()
    replicator = createReplicator({
      source: sqliteUpstream(() => openSqlite(path)),
      replica,
      profile: 'legacy',
    })
  })
  const end = async (): Promise<void> => {
    await replicator.close()
    upstream.close()
    replica.close()
  }

  test('is followed: rows are copied, later changes arrive', async () => {
    await drain(replicator)
    assert.ok((await replicator.verify()).equal)
    upstream.exec(
      `INSERT INTO shadow_vec_docs (id, dataset_id, content, embedding, embedding_model, scn) VALUES ('late', 'mail', 'late', x'0000803f00000000000000000000803f', 'm', 0)`,
    )
    upstream.exec(`UPDATE shadow_vec_docs SET archived = 1 WHERE id = 'docs/00'`)
    upstream.exec(`DELETE FROM shadow_vec_docs WHERE id = 'docs/01'`)
    await drain(replicator)
    assert.ok((await replicator.verify()).equal)
    assert.ok(idsOf(replica, 'mail').includes('late'))
    // The row carries the number of its entry, not the one in the payload.
    assert.deepEqual(replica.prepare(`SELECT scn FROM shadow_vec_docs WHERE id = 'late'`).get(), {
      scn: 7,
    })
    await end()
  })

  test('replayed from its first entry leaves what the log never told, and verify names just that', async () => {
    await drain(replicator)
    replica.exec('DELETE FROM shadow_vec_docs')
    replica.exec(
      'UPDATE vec_sync_state SET last_scn = 0, boot_scn = 0, applied = 0, fingerprint = NULL',
    )
    assert.equal(await drain(replicator), 19)
    const report = await replicator.verify()
    const differences = report.datasets.flatMap(dataset =>
      dataset.differences.map(({ id, kind }) => `${dataset.datasetId} ${kind} ${id}`),
    )
    assert.deepEqual(differences.toSorted(), ['docs extra docs/03', 'docs extra docs/06'])
    const repair = await replicator.repair()
    assert.equal(repair.repaired, 2)
    assert.ok(repair.after.equal)
    await end()
  })

  test('an entry that appears below the checkpoint is found by counting', async () => {
    await drain(replicator)
    upstream.exec('UPDATE vec_dataset_scn SET next_scn = next_scn + 5')
    upstream.exec(`UPDATE shadow_vec_docs SET archived = 1 WHERE dataset_id = 'docs'`)
    await drain(replicator)
    upstream.exec(
      `INSERT INTO vec_shadow_log (dataset_id, shadow_table, scn, op, document_id, payload) VALUES ('docs', 'shadow_vec_docs', 15, 'delete', 'x', '{}')`,
    )
    await assert.rejects(replicator.verify({ datasets: ['docs'] }), { code: 'LOG_GAP' })
    await replicator.close()
    await drain(replicator)
    const [docs] = replicator.status().datasets
    assert.equal(docs.haltCode, 'LOG_GAP')
    assert.match(docs.haltMessage!, /the log has \d+ entries up to \d+, but \d+ were applied/)
    await end()
  })

  test('D18: a log that names the table otherwise is refused with the names it has', async () => {
    await end()
    directory = temporaryFolder('legacy')
    const path = join(directory, 'upstream.db')
    copyFileSync('test/golden/db/sync.db', path)
    upstream = openSqlite(path)
    upstream.exec(`UPDATE vec_shadow_log SET shadow_table = 'main.shadow_vec_docs'`)
    replica = openSqlite()
    const make = (legacy: LegacyOptions): Replicator =>
      createReplicator({
        source: sqliteUpstream(() => openSqlite(path)),
        replica,
        profile: 'legacy',
        legacy,
      })
    const refused = make({})
    await assert.rejects(
      refused.pass(),
      /does not contain the table "shadow_vec_docs", but has "main.shadow_vec_docs"/,
    )
    await refused.close()
    replicator = make({ logName: 'main.shadow_vec_docs' })
    await drain(replicator)
    assert.ok((await replicator.verify()).equal)
    await end()
  })

  test('our own log, and a database without one, are refused', async () => {
    upstream.exec('CREATE TABLE vec_upstream (id INTEGER)')
    await assert.rejects(replicator.pass(), /this log is not the original's/)
    await end()
    const postgres = createReplicator({
      source: postgresUpstream(() => {
        throw new Error('never called')
      }),
      replica: openSqlite(),
      profile: 'legacy',
    })
    await assert.rejects(postgres.pass(), /the original does not write a log in PostgreSQL/)
  })
})

/** Allocates in the trigger, like the original's builder; `scn` and `archived` as strings, like its shipped one. */
const allocating = (event: string, row: string): string =>
  `CREATE TRIGGER shadow_vec_docs_${event} AFTER ${event} ON shadow_vec_docs FOR EACH ROW BEGIN
INSERT INTO vec_dataset_scn (dataset_id, next_scn) VALUES (${row}.dataset_id, 1) ON DUPLICATE KEY UPDATE next_scn = next_scn + 1;
INSERT INTO vec_shadow_log (dataset_id, shadow_table, scn, op, document_id, payload) VALUES (${row}.dataset_id, 'shadow_vec_docs',
  (SELECT next_scn FROM vec_dataset_scn WHERE dataset_id = ${row}.dataset_id), LOWER('${event}'), ${row}.id,
  JSON_OBJECT('dataset_id', ${row}.dataset_id, 'id', ${row}.id, 'content', ${row}.content, 'meta', ${row}.meta, 'embedding', LOWER(HEX(${row}.embedding)),
    'embedding_model', ${row}.embedding_model, 'scn', CONCAT(${row}.scn), 'archived', CONCAT(${row}.archived)));
END`

describe('a log of the original in MariaDB', { skip: mariadbMissing ?? false }, () => {
  let server: MariadbServer
  before(async () => {
    server = await startMariadb()
  })
  after(() => server.remove())

  const tables = `
CREATE TABLE vec_dataset (dataset_id VARCHAR(255) PRIMARY KEY, last_scn BIGINT NOT NULL DEFAULT 0) COLLATE utf8mb4_unicode_ci;
CREATE TABLE vec_dataset_scn (dataset_id VARCHAR(255) PRIMARY KEY, next_scn BIGINT NOT NULL) COLLATE utf8mb4_unicode_ci;
CREATE TABLE shadow_vec_docs (dataset_id VARCHAR(255) NOT NULL, id VARCHAR(255) NOT NULL, content TEXT, meta TEXT, embedding LONGBLOB,
  embedding_model VARCHAR(255), scn BIGINT NOT NULL DEFAULT 0, archived TINYINT(1) NOT NULL DEFAULT 0, PRIMARY KEY (dataset_id, id)) COLLATE utf8mb4_unicode_ci;
CREATE TABLE vec_shadow_log (dataset_id VARCHAR(255) NOT NULL, shadow_table VARCHAR(255) NOT NULL, scn BIGINT NOT NULL, op VARCHAR(16) NOT NULL,
  document_id VARCHAR(255) NOT NULL, payload LONGBLOB NOT NULL, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (dataset_id, shadow_table, scn)) COLLATE utf8mb4_unicode_ci;
INSERT INTO vec_dataset (dataset_id) VALUES ('d')`

  async function made(triggers: readonly string[]): Promise<void> {
    const connection = await server.connect({ multipleStatements: true })
    await connection.query('DROP DATABASE test; CREATE DATABASE test; USE test')
    await connection.query(tables)
    for (const trigger of triggers) await connection.query(trigger)
    await connection.end()
  }

  const replicatorOf = (replica: TestConnection, legacy: LegacyOptions = {}): Replicator =>
    createReplicator({
      source: mysqlUpstream(() => server.connect()),
      replica,
      profile: 'legacy',
      legacy,
    })

  test('D15, D16, D19: with triggers that allocate it is followed, whatever its payloads look like', async () => {
    await made([
      allocating('INSERT', 'NEW'),
      allocating('UPDATE', 'NEW'),
      allocating('DELETE', 'OLD'),
    ])
    const client = await server.connect()
    const replica = openSqlite()
    const replicator = replicatorOf(replica)
    await client.query(
      `INSERT INTO shadow_vec_docs (dataset_id, id, content) VALUES ('d', 'before', 'x')`,
    )
    await drain(replicator)
    for (let i = 0; i < 12; i++) {
      await client.query(
        `INSERT INTO shadow_vec_docs (dataset_id, id, embedding) VALUES ('d', 'doc${i}', x'0000803f')`,
      )
    }
    await client.query(`UPDATE shadow_vec_docs SET archived = 1 WHERE id = 'doc3'`)
    await client.query(`DELETE FROM shadow_vec_docs WHERE id = 'doc4'`)
    await drain(replicator)
    assert.ok((await replicator.verify()).equal)
    assert.equal(idsOf(replica).length, 12)
    await client.query(`INSERT INTO vec_dataset_scn VALUES ('D2', 1)`)
    await replicator.close()
    replica.close()
    await client.end()
  })

  test('triggers that are handed a number are refused, unless somebody vouches', async () => {
    await made([
      `CREATE PROCEDURE vec_log_change(p_dataset VARCHAR(255), p_scn BIGINT, p_id VARCHAR(255), p_payload LONGTEXT)
  INSERT INTO vec_shadow_log (dataset_id, shadow_table, scn, op, document_id, payload) VALUES (p_dataset, 'shadow_vec_docs', p_scn, 'insert', p_id, p_payload)`,
      `CREATE TRIGGER shadow_vec_docs_ai AFTER INSERT ON shadow_vec_docs FOR EACH ROW
  CALL vec_log_change(NEW.dataset_id, NEW.scn, NEW.id, JSON_OBJECT('dataset_id', NEW.dataset_id, 'id', NEW.id, 'content', NEW.content))`,
    ])
    const replica = openSqlite()
    const refused = replicatorOf(replica)
    await assert.rejects(refused.pass(), {
      code: 'SYNC_UPSTREAM',
      message: /the numbers are allocated by a writer, not by the triggers/,
    })
    await refused.close()
    const client = await server.connect()
    const replicator = replicatorOf(replica, { allocatedInTransaction: true })
    await drain(replicator)
    for (const scn of [2, 4, 9]) {
      await client.query(
        `INSERT INTO shadow_vec_docs (dataset_id, id, scn) VALUES ('d', 'doc${scn}', ${scn})`,
      )
    }
    await drain(replicator)
    assert.ok((await replicator.verify()).equal)
    // The promise is broken: a number is published late. The original would lose the row without a word.
    await client.query(`INSERT INTO shadow_vec_docs (dataset_id, id, scn) VALUES ('d', 'lost', 5)`)
    await replicator.close()
    await drain(replicator)
    assert.equal(replicator.status().datasets[0].haltCode, 'LOG_GAP')
    await replicator.rebootstrap()
    await drain(replicator)
    assert.ok((await replicator.verify()).equal)
    assert.ok(idsOf(replica).includes('lost'))
    await replicator.close()
    replica.close()
    await client.end()
  })

  test('D20: datasets that differ in case alone are refused by name', async () => {
    await made([allocating('INSERT', 'NEW')])
    const client = await server.connect()
    await client.query(`INSERT INTO shadow_vec_docs (dataset_id, id) VALUES ('d', 'a'), ('D', 'b')`)
    await assert.rejects(
      replicatorOf(openSqlite()).pass(),
      /treats these datasets as one.*: ("D", "d"|"d", "D")$/,
    )
    await client.end()
  })
})
