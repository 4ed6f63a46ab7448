import { doubleQuoted as q, type SyncNames } from '../../sync-names.ts'

/**
 * A trigger that numbers a change and logs it in the writer's own transaction. The counter's row lock is held from
 * the number to COMMIT, so numbers become visible in order and without gaps. ENABLE ALWAYS makes it fire even if
 * session_replication_role is 'replica'.
 */
export function logTriggers(table: string, names: SyncNames): string[] {
  const log = q(`${names.prefix}log_change`)
  return [
    `CREATE OR REPLACE FUNCTION ${log}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $vecsync$
DECLARE
  v_scn bigint;
  v_dataset text;
  v_id text;
  v_payload text := '{}';
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'vecsync: TRUNCATE of % is not replicated: DELETE instead', TG_TABLE_NAME;
  END IF;
  IF TG_OP = 'UPDATE' AND (OLD.dataset_id <> NEW.dataset_id OR OLD.id <> NEW.id) THEN
    RAISE EXCEPTION 'vecsync: (dataset_id, id) of a row cannot change: delete and insert';
  END IF;
  IF TG_OP = 'DELETE' THEN
    v_dataset := OLD.dataset_id;
    v_id := OLD.id;
  ELSE
    v_dataset := NEW.dataset_id;
    v_id := NEW.id;
  END IF;
  INSERT INTO ${q(names.counter)} AS s (dataset_id, shadow_table, last_scn) VALUES (v_dataset, TG_TABLE_NAME, 1)
    ON CONFLICT (dataset_id, shadow_table) DO UPDATE SET last_scn = s.last_scn + 1
    RETURNING last_scn INTO v_scn;
  IF TG_OP <> 'DELETE' THEN
    IF 2 * coalesce(octet_length(NEW.embedding), 0)::bigint
      + 6 * (coalesce(octet_length(NEW.content), 0)::bigint + coalesce(octet_length(NEW.meta), 0)) > 67108864 THEN
      v_payload := '{"ref":1}';
    ELSE
      v_payload := json_build_object('dataset_id', NEW.dataset_id, 'id', NEW.id, 'content', NEW.content,
        'meta', NEW.meta, 'embedding', encode(NEW.embedding, 'hex'), 'embedding_model', NEW.embedding_model,
        'scn', v_scn, 'archived', NEW.archived)::text;
    END IF;
  END IF;
  INSERT INTO ${q(names.log)} (dataset_id, shadow_table, scn, op, document_id, payload)
    VALUES (v_dataset, TG_TABLE_NAME, v_scn, lower(TG_OP), v_id, v_payload);
  RETURN NULL;
END
$vecsync$`,
    `DROP TRIGGER IF EXISTS ${q(`${table}_vs`)} ON ${q(table)}`,
    `CREATE TRIGGER ${q(`${table}_vs`)} AFTER INSERT OR UPDATE OR DELETE ON ${q(table)}
  FOR EACH ROW EXECUTE FUNCTION ${log}()`,
    `ALTER TABLE ${q(table)} ENABLE ALWAYS TRIGGER ${q(`${table}_vs`)}`,
    `DROP TRIGGER IF EXISTS ${q(`${table}_vt`)} ON ${q(table)}`,
    `CREATE TRIGGER ${q(`${table}_vt`)} BEFORE TRUNCATE ON ${q(table)}
  FOR EACH STATEMENT EXECUTE FUNCTION ${log}()`,
    `ALTER TABLE ${q(table)} ENABLE ALWAYS TRIGGER ${q(`${table}_vt`)}`,
  ]
}
