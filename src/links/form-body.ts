/** A form of one field; RFC 8058 lets mail providers send it in either encoding. Larger ones are not read. */
const MAX_BODY_BYTES = 4_096;
/** RFC 2046: up to 70 of these characters. */
const BOUNDARY = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
const NAME = /^content-disposition:\s*form-data\s*;(?:.*;)?\s*name="?([^";\r\n]*)"?/im;

/** The fields of a small urlencoded or multipart form; undefined for everything else. */
export function readForm(contentType: string, body: Buffer): ReadonlyMap<string, string> | undefined {
  if (body.length > MAX_BODY_BYTES) return undefined;
  const text = body.toString('utf8');
  if (/^application\/x-www-form-urlencoded(?:;|$)/i.test(contentType.trim()))
    return new Map(new URLSearchParams(text.trim()));
  if (!/^multipart\/form-data;/i.test(contentType.trim())) return undefined;
  const match = BOUNDARY.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  return boundary === undefined ? undefined : readParts(text, boundary);
}

function readParts(text: string, boundary: string): ReadonlyMap<string, string> {
  const parts = `\r\n${text}`.split(`\r\n--${boundary}`).slice(1);
  return new Map(
    parts.flatMap((part) => {
      const headEnd = part.indexOf('\r\n\r\n');
      const name = headEnd < 0 ? undefined : NAME.exec(part.slice(0, headEnd))?.[1];
      return name === undefined ? [] : [[name, part.slice(headEnd + 4)] as const];
    }),
  );
}
