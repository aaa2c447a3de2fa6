/** One entity of a mail: headers by lower-case name, each as often as it stands there, and the body's text. */
export interface MimeEntity {
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: string;
}

/** Deeper nesting and more parts than any report has. */
const MAX_DEPTH = 5;
const MAX_PARTS = 50;
const HEADER = /^([!-9;-~]{1,200}):[ \t]*(.*)$/;

/** Splits the header fields from the body; folded lines are joined. Bytes are read as Latin-1, so that none is lost. */
export function readEntity(text: string): MimeEntity {
  const unix = text.replace(/\r\n/g, '\n');
  const end = unix.startsWith('\n') ? 0 : unix.indexOf('\n\n');
  const head = end < 0 ? unix : unix.slice(0, end);
  return { headers: readFields(head), body: end < 0 ? '' : unix.slice(end).replace(/^\n{1,2}/, '') };
}

/** The fields of one block of `Name: value` lines. */
export function readFields(block: string): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  for (const line of block.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const [, name = '', value = ''] = HEADER.exec(line) ?? [];
    if (name === '') continue;
    const key = name.toLowerCase();
    const values = fields.get(key);
    if (values) values.push(value.trim());
    else fields.set(key, [value.trim()]);
  }
  return fields;
}

export function firstOf(fields: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  return fields.get(name)?.[0];
}

/** The media type in lower case, and its parameters, quotes taken off. */
export function mediaTypeOf({ headers }: MimeEntity): {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
} {
  const [type = '', ...rest] = (firstOf(headers, 'content-type') ?? 'text/plain').split(';');
  const parameters = rest.map((one): [string, string] => {
    const [name = '', ...value] = one.split('=');
    return [
      name.trim().toLowerCase(),
      value
        .join('=')
        .trim()
        .replace(/^"(.*)"$/, '$1'),
    ];
  });
  return { type: type.trim().toLowerCase(), parameters: new Map(parameters) };
}

/** The parts of a multipart entity, and of those within it; the entity itself where it has none. */
export function partsOf(entity: MimeEntity, depth = 0): readonly MimeEntity[] {
  const { type, parameters } = mediaTypeOf(entity);
  const boundary = parameters.get('boundary');
  if (!type.startsWith('multipart/') || !boundary || depth >= MAX_DEPTH) return [entity];
  // To the end of the line: the boundary of a part within may begin with this one.
  const quoted = boundary.replace(/[^A-Za-z0-9]/g, '\\$&');
  const pieces = `\n${entity.body}`.split(new RegExp(`\n--${quoted}(?=(?:--)?[ \\t]*(?:\n|$))`));
  // Before the first delimiter is a preamble; after the one with two dashes an epilogue.
  const closing = pieces.findIndex((piece, index) => index > 0 && piece.startsWith('--'));
  return pieces
    .slice(1, closing < 0 ? undefined : closing)
    .slice(0, MAX_PARTS)
    .flatMap((piece) => partsOf(readEntity(piece.replace(/^[ \t]*\n/, '')), depth + 1));
}
