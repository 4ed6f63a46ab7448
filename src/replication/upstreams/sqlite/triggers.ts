import { doubleQuoted as q, literal, type SyncNames } from '../../sync-names.ts'

/**
 * AFTER triggers that number a change and log it in the writer's own transaction. An outer OR IGNORE or OR REPLACE
 * overrides conflict handling inside a trigger, so the triggers rely only on RAISE(ABORT), which is never overridden.
 */
export function logTriggers(table: string, names: SyncNames, schema = ''): string[] {
  const stream = (row: string): string =>
    `dataset_id = ${row}.dataset_id AND shadow_table = ${literal(table)}`
  const body = (row: 'NEW' | 'OLD', op: string, payload: string): string => `BEGIN
  INSERT INTO ${q(names.counter)} (dataset_id, shadow_table)
    SELECT ${row}.dataset_id, ${literal(table)}
    WHERE NOT EXISTS (SELECT 1 FROM ${q(names.counter)} WHERE ${stream(row)});
  UPDATE ${q(names.counter)} SET last_scn = last_scn + 1 WHERE ${stream(row)};
  INSERT INTO ${q(names.log)} (dataset_id, shadow_table, scn, op, document_id, payload)
    SELECT ${row}.dataset_id, ${literal(table)}, s.last_scn, '${op}', ${row}.id, ${payload}
    FROM ${q(names.counter)} s WHERE ${stream(row)};
  SELECT RAISE(ABORT, 'vecsync: the log could not be written')
    WHERE NOT EXISTS (
      SELECT 1 FROM ${q(names.log)} WHERE ${stream(row)} AND document_id IS ${row}.id
        AND scn = (SELECT last_scn FROM ${q(names.counter)} WHERE ${stream(row)}));
END`
  const create = (name: string, event: string, on: string, action: string): string[] => [
    `DROP TRIGGER IF EXISTS ${schema}${q(name)}`,
    `CREATE TRIGGER ${schema}${q(name)} ${event} ON ${q(on)} ${action}`,
  ]
  return [
    ...create(
      `${names.log}_bi`,
      'BEFORE INSERT',
      names.log,
      `WHEN EXISTS (
  SELECT 1 FROM ${q(names.log)}
  WHERE dataset_id = NEW.dataset_id AND shadow_table = NEW.shadow_table AND scn = NEW.scn)
BEGIN SELECT RAISE(ABORT, 'vecsync: this number is already in the log'); END`,
    ),
    ...create(
      `${table}_bd`,
      'BEFORE DELETE',
      names.dataset,
      `WHEN EXISTS (SELECT 1 FROM ${q(table)} WHERE dataset_id = OLD.dataset_id)
BEGIN SELECT RAISE(ABORT, 'vecsync: a dataset with documents cannot be deleted: drop it'); END`,
    ),
    ...create(
      `${table}_bi`,
      'BEFORE INSERT',
      table,
      `BEGIN
  SELECT RAISE(ABORT, 'vecsync: no such dataset: create it first')
    WHERE NOT EXISTS (SELECT 1 FROM ${q(names.dataset)} WHERE dataset_id = NEW.dataset_id);
  SELECT RAISE(ABORT, 'vecsync: an id is text: bind a string')
    WHERE typeof(NEW.id) <> 'text';
  ${EMBEDDING};
  ${ARCHIVED};
END`,
    ),
    ...create(
      `${table}_bu`,
      'BEFORE UPDATE',
      table,
      `BEGIN
  SELECT RAISE(ABORT, 'vecsync: (dataset_id, id) of a row cannot change: delete and insert')
    WHERE OLD.dataset_id IS NOT NEW.dataset_id OR OLD.id IS NOT NEW.id;
  ${EMBEDDING} AND OLD.embedding IS NOT NEW.embedding;
  ${ARCHIVED} AND OLD.archived IS NOT NEW.archived;
END`,
    ),
    ...create(`${table}_ai`, 'AFTER INSERT', table, body('NEW', 'insert', PAYLOAD)),
    ...create(`${table}_au`, 'AFTER UPDATE', table, body('NEW', 'update', PAYLOAD)),
    ...create(`${table}_ad`, 'AFTER DELETE', table, body('OLD', 'delete', `'{}'`)),
  ]
}

/** The log has an embedding as hex digits, which do not show its stored type. */
const EMBEDDING = `SELECT RAISE(ABORT, 'vecsync: an embedding is a BLOB of little-endian float32, or NULL')
    WHERE typeof(NEW.embedding) NOT IN ('blob', 'null')`

const ARCHIVED = `SELECT RAISE(ABORT, 'vecsync: archived is a whole number')
    WHERE typeof(NEW.archived) <> 'integer'`

/** CAST is needed, since JSON cannot hold a BLOB, and a client may have bound text as a BLOB. */
const PAYLOAD = `CASE
      WHEN 2 * coalesce(length(CAST(NEW.embedding AS BLOB)), 0)
        + 6 * (coalesce(length(CAST(NEW.content AS BLOB)), 0) + coalesce(length(CAST(NEW.meta AS BLOB)), 0)) > 67108864
      THEN '{"ref":1}'
      ELSE json_object('dataset_id', NEW.dataset_id, 'id', NEW.id,
        'content', CAST(NEW.content AS TEXT), 'meta', CAST(NEW.meta AS TEXT),
        'embedding', CASE WHEN NEW.embedding IS NOT NULL THEN lower(hex(NEW.embedding)) END,
        'embedding_model', NEW.embedding_model, 'scn', s.last_scn, 'archived', NEW.archived)
      END`
