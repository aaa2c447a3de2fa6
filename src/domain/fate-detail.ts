/** How the detail of a bounce begins whose address nobody has. */
const UNKNOWN_ADDRESS = 'unknown_address';

/** RFC 3463 by its subject: x.1.z is about the address, x.2.1 a closed mailbox, x.0.z says nothing. The others are no word on it. */
const ENHANCED_STATUS = /^[245]\.\d{1,3}\.\d{1,3}$/;
const ABOUT_THE_ADDRESS = /^5\.(?:[01]\.\d{1,3}|2\.1)$/;

/** Whether the detail of a bounce says that the address is unknown. */
export function saysUnknownAddress(detail: string | null | undefined): boolean {
  return detail === UNKNOWN_ADDRESS || detail?.startsWith(`${UNKNOWN_ADDRESS}: `) === true;
}

/**
 * What is kept beside the reason of a message that did not arrive: the vendor's words, else its code, else null. That of a
 * bounce which condemns the address begins with `unknown_address`.
 */
export function fateDetail(fact: {
  readonly type: string;
  readonly hard?: boolean;
  readonly code?: string;
  readonly detail?: string;
}): string | null {
  const { type, hard, code = '', detail } = fact;
  const words = detail ?? (code === '' ? null : code);
  const unknown =
    type === 'bounced' && hard === true && (!ENHANCED_STATUS.test(code) || ABOUT_THE_ADDRESS.test(code));
  if (!unknown) return words;
  return words === null ? UNKNOWN_ADDRESS : `${UNKNOWN_ADDRESS}: ${words}`;
}
