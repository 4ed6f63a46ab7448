/** An address in SQLite's memory. 0 is NULL. */
export type Pointer = number

/** The C functions we call, as the module exports them. Pointers and int are number, int64 is bigint. */
export interface RawSqlite {
  __wasm_call_ctors(): void
  emscripten_stack_get_current(): Pointer
  _emscripten_stack_restore(p: Pointer): void
  sqlite3_malloc(bytes: number): Pointer
  sqlite3_free(p: Pointer): void
  sqlite3_open_v2(name: Pointer, ppDb: Pointer, flags: number, vfs: Pointer): number
  sqlite3_close_v2(db: Pointer): number
  sqlite3_extended_result_codes(db: Pointer, on: number): number
  sqlite3_busy_timeout(db: Pointer, ms: number): number
  sqlite3_errmsg(db: Pointer): Pointer
  sqlite3_errstr(code: number): Pointer
  sqlite3_extended_errcode(db: Pointer): number
  sqlite3_interrupt(db: Pointer): void
  sqlite3_changes(db: Pointer): number
  sqlite3_total_changes(db: Pointer): number
  sqlite3_last_insert_rowid(db: Pointer): bigint
  sqlite3_set_last_insert_rowid(db: Pointer, rowid: bigint): void
  sqlite3_get_autocommit(db: Pointer): number
  sqlite3_txn_state(db: Pointer, schema: Pointer): number
  sqlite3_db_filename(db: Pointer, schema: Pointer): Pointer
  sqlite3_db_readonly(db: Pointer, schema: Pointer): number
  sqlite3_db_name(db: Pointer, n: number): Pointer
  sqlite3_prepare_v3(
    db: Pointer,
    sql: Pointer,
    bytes: number,
    flags: number,
    ppStmt: Pointer,
    ppTail: Pointer,
  ): number
  sqlite3_step(stmt: Pointer): number
  sqlite3_reset(stmt: Pointer): number
  sqlite3_clear_bindings(stmt: Pointer): number
  sqlite3_finalize(stmt: Pointer): number
  sqlite3_stmt_readonly(stmt: Pointer): number
  sqlite3_stmt_status(stmt: Pointer, counter: number, reset: number): number
  sqlite3_sql(stmt: Pointer): Pointer
  sqlite3_bind_parameter_count(stmt: Pointer): number
  sqlite3_bind_parameter_name(stmt: Pointer, n: number): Pointer
  sqlite3_bind_null(stmt: Pointer, n: number): number
  sqlite3_bind_int(stmt: Pointer, n: number, value: number): number
  sqlite3_bind_int64(stmt: Pointer, n: number, value: bigint): number
  sqlite3_bind_double(stmt: Pointer, n: number, value: number): number
  sqlite3_bind_text(stmt: Pointer, n: number, p: Pointer, bytes: number, destructor: number): number
  sqlite3_bind_blob(stmt: Pointer, n: number, p: Pointer, bytes: number, destructor: number): number
  sqlite3_column_count(stmt: Pointer): number
  sqlite3_column_name(stmt: Pointer, n: number): Pointer
  sqlite3_column_decltype(stmt: Pointer, n: number): Pointer
  sqlite3_column_table_name(stmt: Pointer, n: number): Pointer
  sqlite3_column_database_name(stmt: Pointer, n: number): Pointer
  sqlite3_column_origin_name(stmt: Pointer, n: number): Pointer
  sqlite3_column_type(stmt: Pointer, n: number): number
  sqlite3_column_double(stmt: Pointer, n: number): number
  sqlite3_column_int64(stmt: Pointer, n: number): bigint
  sqlite3_column_text(stmt: Pointer, n: number): Pointer
  sqlite3_column_blob(stmt: Pointer, n: number): Pointer
  sqlite3_column_bytes(stmt: Pointer, n: number): number
  sqlite3_value_type(value: Pointer): number
  sqlite3_value_double(value: Pointer): number
  sqlite3_value_int64(value: Pointer): bigint
  sqlite3_value_text(value: Pointer): Pointer
  sqlite3_value_blob(value: Pointer): Pointer
  sqlite3_value_bytes(value: Pointer): number
  sqlite3_value_subtype(value: Pointer): number
  sqlite3_value_nochange(value: Pointer): number
  sqlite3_result_null(context: Pointer): void
  sqlite3_result_int(context: Pointer, value: number): void
  sqlite3_result_int64(context: Pointer, value: bigint): void
  sqlite3_result_double(context: Pointer, value: number): void
  sqlite3_result_text(context: Pointer, p: Pointer, bytes: number, destructor: number): void
  sqlite3_result_blob(context: Pointer, p: Pointer, bytes: number, destructor: number): void
  sqlite3_result_subtype(context: Pointer, subtype: number): void
  sqlite3_result_error(context: Pointer, p: Pointer, bytes: number): void
  sqlite3_result_error_nomem(context: Pointer): void
  sqlite3_user_data(context: Pointer): Pointer
  /** The memory of one call of an aggregate, zeroed at first. SQLite frees it. */
  sqlite3_aggregate_context(context: Pointer, bytes: number): Pointer
  sqlite3_create_window_function(
    db: Pointer,
    name: Pointer,
    arity: number,
    flags: number,
    user: Pointer,
    xStep: Pointer,
    xFinal: Pointer,
    xValue: Pointer,
    xInverse: Pointer,
    xDestroy: Pointer,
  ): number
  sqlite3_create_function_v2(
    db: Pointer,
    name: Pointer,
    arity: number,
    flags: number,
    user: Pointer,
    xFunc: Pointer,
    xStep: Pointer,
    xFinal: Pointer,
    xDestroy: Pointer,
  ): number
  sqlite3_create_module_v2(
    db: Pointer,
    name: Pointer,
    module: Pointer,
    aux: Pointer,
    xDestroy: Pointer,
  ): number
  sqlite3_declare_vtab(db: Pointer, sql: Pointer): number
  sqlite3_vtab_on_conflict(db: Pointer): number
  sqlite3_vtab_nochange(context: Pointer): number
  sqlite3_vtab_in(info: Pointer, constraint: number, handle: number): number
  sqlite3_vtab_in_first(value: Pointer, ppOut: Pointer): number
  sqlite3_vtab_in_next(value: Pointer, ppOut: Pointer): number
  sqlite3_vtab_distinct(info: Pointer): number
  sqlite3_vtab_collation(info: Pointer, constraint: number): Pointer
  sqlite3__wasm_vtab_config(db: Pointer, op: number, value: number): number
  sqlite3__wasm_config_i(op: number, value: number): number
  sqlite3_initialize(): number
  sqlite3_vfs_register(vfs: Pointer, isDefault: number): number
  sqlite3_backup_init(to: Pointer, toSchema: Pointer, from: Pointer, fromSchema: Pointer): Pointer
  sqlite3_backup_step(backup: Pointer, pages: number): number
  sqlite3_backup_finish(backup: Pointer): number
  sqlite3_backup_remaining(backup: Pointer): number
  sqlite3_backup_pagecount(backup: Pointer): number
  sqlite3_serialize(db: Pointer, schema: Pointer, pBytes: Pointer, flags: number): Pointer
  sqlite3_deserialize(
    db: Pointer,
    schema: Pointer,
    p: Pointer,
    bytes: bigint,
    capacity: bigint,
    flags: number,
  ): number
  sqlite3_expanded_sql(stmt: Pointer): Pointer
  sqlite3_progress_handler(db: Pointer, steps: number, callback: Pointer, user: number): void
  sqlite3__wasm_db_config_ip(db: Pointer, option: number, value: number, out: Pointer): number
  sqlite3_file_control(db: Pointer, schema: Pointer, op: number, p: Pointer): number
}
