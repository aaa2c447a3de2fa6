/** SQLSTATE of what Postgres refused; empty for any other error, such as a lost connection. */
export function sqlStateOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

const LASTING = /^(22|23|42|54|P0)/;

/**
 * What Postgres says again of the same statement, however often it is asked: the data (22), a rule (23), the statement itself (42, P0)
 * or its size (54). All else passes: no connection, locks, a restart, no room.
 */
export function isLasting(error: unknown): boolean {
  return LASTING.test(sqlStateOf(error));
}

/** True for data that no row holds: class 22 (a NUL in a text), 54000 (a key too large for its index). */
export function isUnkeepable(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state.startsWith('22') || state === '54000';
}
