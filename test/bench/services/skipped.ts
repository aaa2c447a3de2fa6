/** A contestant that cannot take part on this machine, with the reason, which goes into the report. */
export class Skipped extends Error {
  override readonly name = 'Skipped';
}
