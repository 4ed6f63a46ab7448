import { backQuoted as q, literal, type SyncNames } from '../../sync-names.ts'

/**
 * AFTER triggers that number a change and log it in the writer's own transaction. The counter's row lock is held from
 * the number to COMMIT, so numbers become visible in order and without gaps.
 */
export function logTriggers(table: string, names: SyncNames): string[] {
  const body = (row: 'NEW' | 'OLD', op: string, payload: string): string => `BEGIN
  DECLARE v_scn BIGINT;
  INSERT INTO ${q(names.counter)} (dataset_id, shadow_table, last_scn)
    VALUES (${row}.dataset_id, ${literal(table)}, 1)
    ON DUPLICATE KEY UPDATE last_scn = last_scn + 1;
  SELECT last_scn INTO v_scn FROM ${q(names.counter)}
    WHERE dataset_id = ${row}.dataset_id AND shadow_table = ${literal(table)};
  INSERT INTO ${q(names.log)} (dataset_id, shadow_table, scn, op, document_id, payload)
    VALUES (${row}.dataset_id, ${literal(table)}, v_scn, '${op}', ${row}.id, ${payload});
END`
  const create = (suffix: string, event: string, action: string): string[] => [
    `DROP TRIGGER IF EXISTS ${q(table + suffix)}`,
    `CREATE TRIGGER ${q(table + suffix)} ${event} ON ${q(table)} FOR EACH ROW\n${action}`,
  ]
  return [
    ...create('_ai', 'AFTER INSERT', body('NEW', 'insert', PAYLOAD)),
    ...create('_au', 'AFTER UPDATE', body('NEW', 'update', PAYLOAD)),
    ...create('_ad', 'AFTER DELETE', body('OLD', 'delete', `'{}'`)),
    // UPDATE IGNORE that meets a duplicate key keeps the row and still fires AFTER UPDATE, so keys cannot change.
    ...create(
      '_bu',
      'BEFORE UPDATE',
      `BEGIN
  IF NOT (BINARY OLD.dataset_id = BINARY NEW.dataset_id AND BINARY OLD.id = BINARY NEW.id) THEN
    SIGNAL SQLSTATE '45000'
      SET MESSAGE_TEXT = 'vecsync: (dataset_id, id) of a row cannot change: delete and insert';
  END IF;
END`,
    ),
  ]
}

/**
 * The row as JSON. Functions return NULL beyond max_allowed_packet without a warning (hex doubles bytes, and JSON may
 * write a character in six). So an entry for a row near that size only refers to it, and the row is read from its
 * table.
 */
const PAYLOAD = `IF(2 * COALESCE(OCTET_LENGTH(NEW.embedding), 0)
      + 6 * (COALESCE(OCTET_LENGTH(NEW.content), 0) + COALESCE(OCTET_LENGTH(NEW.meta), 0)) > @@max_allowed_packet DIV 2,
      '{"ref":1}',
      JSON_OBJECT('dataset_id', NEW.dataset_id, 'id', NEW.id, 'content', NEW.content, 'meta', NEW.meta,
        'embedding', LOWER(HEX(NEW.embedding)), 'embedding_model', NEW.embedding_model,
        'scn', v_scn + 0, 'archived', NEW.archived))`
