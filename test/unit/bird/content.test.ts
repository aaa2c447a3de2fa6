import { specOf, textBody, to } from './fake-service';

const receiver = to('jane');
const attachment = { mediaUrl: 'https://example.com/a.pdf', filename: 'a.pdf', inline: true };
const descriptions = async (element: object) =>
  (await specOf({ receiver, ...element })).faults?.map(
    ({ reason, description }) => `${reason} ${description}`,
  );

describe('a body', () => {
  it('of text carries its links, attachments, subject and headers, and is taken literally', async () => {
    const { content, email } = await specOf({
      receiver,
      body: {
        type: 'text',
        text: {
          text: 'Hi {{name}}',
          attachments: [attachment],
          actions: [
            { type: 'link', link: { text: 'Open', url: 'https://example.com/x' } },
            { type: 'reply', reply: { text: 'Yes' } },
          ],
          metadata: { subject: 'From the body', headers: { 'X-A': '1', 'X-B': '1' } },
        },
      },
      meta: { email: { headers: { 'X-B': '2' } } },
    });
    expect(content).toEqual({
      interpolate: false,
      title: 'From the body',
      text: 'Hi {{name}}',
      attachments: [{ url: attachment.mediaUrl, filename: 'a.pdf', inline: true }],
      actions: [{ text: 'Open', url: 'https://example.com/x' }],
      headers: { 'X-A': '1', 'X-B': '2' },
    });
    expect(email?.subject).toBe('From the body');
  });

  it('of html, image or file becomes content of its kind', async () => {
    const html = { type: 'html', html: { html: '<p>Hi</p>', text: 'Hi' } };
    expect((await specOf({ receiver, body: html })).content).toEqual({
      interpolate: false,
      html: '<p>Hi</p>',
      text: 'Hi',
    });
    const images = [{ mediaUrl: 'https://example.com/a.png', altText: 'A' }];
    expect((await specOf({ receiver, body: { type: 'image', image: { images } } })).content).toEqual({
      interpolate: false,
      images: [{ url: 'https://example.com/a.png', alt: 'A' }],
    });
    const files = [
      { mediaUrl: 'https://example.com/a.pdf', contentType: 'application/pdf', filename: 'a.pdf' },
    ];
    expect((await specOf({ receiver, body: { type: 'file', file: { files } } })).content).toEqual({
      interpolate: false,
      files: [{ url: 'https://example.com/a.pdf', contentType: 'application/pdf', filename: 'a.pdf' }],
    });
  });

  it.each(['gif', 'location', 'carousel', 'list', 'section', 'authentication', 'template', 'action'])(
    'of type %s is kept for the channel to refuse',
    async (type) => {
      const spec = await specOf({ receiver, body: { type, [type]: { anything: 1 } } });
      expect(spec.content).toEqual({ interpolate: false, unsupported: type });
      expect(spec.faults).toBeUndefined();
    },
  );

  it('of an unknown type, without its member or with nothing in it is invalid content', async () => {
    expect(await descriptions({ body: { type: 'fax', fax: {} } })).toEqual([
      expect.stringMatching(/^invalid_content body\.type: must be one of text/),
    ]);
    expect(await descriptions({ body: { type: 'text' } })).toEqual([
      'invalid_content body.text: is required for a body of type text',
    ]);
    expect(await descriptions({ body: textBody(' ') })).toEqual([
      'invalid_content body.text: has nothing to send',
    ]);
    expect(await descriptions({})).toEqual(['invalid_content needs a body or a template']);
  });

  it('has at most 50 files, attachments counted', async () => {
    const many = (count: number) => Array.from({ length: count }, () => attachment);
    const file = (files: number, attachments: number) =>
      descriptions({ body: { type: 'file', file: { files: many(files), attachments: many(attachments) } } });
    expect(await file(25, 25)).toBeUndefined();
    expect(await file(25, 26)).toEqual([
      'invalid_input body.file: must have at most 50 files and attachments in all',
    ]);
    expect(await file(51, 0)).toContain('invalid_input body.file.files: must have at most 50 entries');
    expect(await file(0, 51)).toContain('invalid_input body.file.attachments: must have at most 50 entries');
    expect(await descriptions({ template: { projectId: 'welcome', attachments: many(51) } })).toEqual([
      'invalid_input template.attachments: must have at most 50 entries',
    ]);
  });

  it('that is null counts as absent', async () => {
    expect(
      await descriptions({ body: textBody('x'), template: null, reference: null, tags: null }),
    ).toBeUndefined();
    expect(await descriptions({ body: null })).toEqual(['invalid_content needs a body or a template']);
  });
});

describe('a template', () => {
  it('wins over a body, and takes its attachments and headers along', async () => {
    const spec = await specOf({
      receiver,
      body: { type: 'fax' },
      template: { projectId: 'welcome', version: 'latest', locale: 'nl', attachments: [attachment] },
      meta: { email: { headers: { 'X-A': '1' }, subject: 'Mine' } },
    });
    expect(spec).toMatchObject({
      template: { id: 'welcome', version: 'latest', locale: 'nl' },
      content: {
        interpolate: false,
        attachments: [{ url: attachment.mediaUrl }],
        headers: { 'X-A': '1' },
      },
      email: { subject: 'Mine' },
    });
    expect(spec.faults).toBeUndefined();
  });

  it('is filled by variables, and by typed parameters over them', async () => {
    const { data, faults } = await specOf({
      receiver,
      template: {
        name: 'welcome',
        variables: { default: 'text', name: 'Jane', n: 1 },
        parameters: [
          { type: 'number', key: 'n', value: '2.5' },
          { type: 'boolean', key: 'b', value: 'true' },
          { type: 'object', key: 'o', value: { a: 1 } },
          { type: 'sectionList', key: 's', value: [1] },
        ],
      },
    });
    expect(faults).toBeUndefined();
    expect(data).toEqual({ default: 'text', name: 'Jane', n: 2.5, b: true, o: { a: 1 }, s: [1] });
  });

  it('faults a parameter that is not of its type, or whose key reaches a prototype', async () => {
    const parameters = [
      { type: 'number', key: 'n', value: 'x' },
      { type: 'boolean', key: 'b', value: 1 },
      { type: 'string', key: '__proto__', value: 'x' },
    ];
    expect(await descriptions({ template: { name: 'welcome', parameters } })).toEqual([
      'invalid_input template.parameters[0]: has a value that is no number',
      'invalid_input template.parameters[1]: has a value that is no boolean',
      'invalid_input template.parameters[2]: has a key that is not allowed',
    ]);
  });

  it('that names nothing is invalid content', async () => {
    expect(await descriptions({ template: { variables: {} } })).toEqual([
      'invalid_content template.projectId: must name a template',
    ]);
  });
});

describe('an e-mail', () => {
  const sender = { connector: { identifierValue: 'news@example.com', annotations: { name: 'News' } } };
  const body = textBody('hello');

  it('is from meta.email.from, else the sender', async () => {
    expect((await specOf({ receiver, body, sender })).email).toEqual({
      from: 'news@example.com',
      fromName: 'News',
    });
    const meta = { email: { from: { username: 'jane@example.com', displayName: 'Jane' }, subject: 'Hi' } };
    expect((await specOf({ receiver, body, sender, meta })).email).toEqual({
      from: 'jane@example.com',
      fromName: 'Jane',
      subject: 'Hi',
    });
  });

  it('answers no message where replyTo names a click or a referral', async () => {
    for (const type of ['click', 'referrals'])
      expect((await specOf({ receiver, body, replyTo: { id: '<a@b>', type } })).email).toBeUndefined();
    expect((await specOf({ receiver, body, replyTo: { id: '<a@b>', type: 'message' } })).email).toEqual({
      inReplyTo: '<a@b>',
    });
  });

  it('answers the message that replyTo names', async () => {
    expect((await specOf({ receiver, body, replyTo: { id: '<a@b>' } })).email).toEqual({
      inReplyTo: '<a@b>',
    });
  });

  it('takes no line break into a header', async () => {
    const email = {
      subject: 'a\r\nBcc: x',
      headers: { 'X-A': 'a\nb', 'X\nB': '1' },
      from: { username: 'a\n' },
    };
    const faults = await descriptions({ body, meta: { email } });
    expect(faults).toHaveLength(4);
    expect(faults?.every((text) => text.startsWith('invalid_input meta.email.'))).toBe(true);
  });
});
