import { readLinkWishes } from '../../../api/bird/link-wishes';

const html = (metadata: { [flag in `${string}Tracking`]?: boolean }) => ({
  body: { type: 'html', html: { html: '<p>x</p>', metadata } },
});

test('the body says more exactly than the message, the message than the call', () => {
  expect(readLinkWishes({}, undefined)).toEqual({});
  expect(readLinkWishes({}, true).links).toEqual({ clicks: true, opens: true });
  expect(readLinkWishes({ enableLinkTracking: false }, true).links).toEqual({ clicks: false, opens: false });
  expect(
    readLinkWishes({ enableLinkTracking: true, ...html({ clickTracking: false }) }, undefined).links,
  ).toEqual({ clicks: false, opens: true });
  expect(readLinkWishes(html({ initialOpenTracking: true }), undefined).links).toEqual({ opens: true });
  expect(readLinkWishes(html({ initialOpenTracking: true, openTracking: false }), undefined).links).toEqual({
    opens: false,
  });
});

test("the template's short links and UTM are its own; `default` means the workspace's domain", () => {
  const template = {
    shortLinks: { enabled: true, domain: 'default' },
    utmParameters: [{ key: 'medium', reference: 'platform_name' as const }],
  };
  expect(
    readLinkWishes({ template, shortLinks: { enabled: true, domain: 'go.x' } }, undefined).links,
  ).toEqual({
    utm: [{ key: 'medium', reference: 'platform_name' }],
    short: {},
  });
  expect(readLinkWishes({ shortLinks: { enabled: true, domain: 'go.x' } }, undefined).links).toEqual({
    short: { domain: 'go.x' },
  });
  expect(readLinkWishes({ shortLinks: { enabled: false } }, undefined)).toEqual({});
});

test("a message's short links are there unless they are switched off, a template's only where they are switched on", () => {
  const short = (fields: Parameters<typeof readLinkWishes>[0]) =>
    readLinkWishes(fields, undefined).links?.short;
  expect(short({ shortLinks: { domain: 'go.x' } })).toEqual({ domain: 'go.x' });
  expect(short({ shortLinks: { domain: 'default' } })).toEqual({});
  expect(short({ shortLinks: {} })).toEqual({});
  expect(short({ shortLinks: { enabled: false, domain: 'go.x' } })).toBeUndefined();
  expect(short({ template: { shortLinks: { domain: 'go.x' } } })).toBeUndefined();
  expect(short({ template: { shortLinks: {} }, shortLinks: { domain: 'go.x' } })).toBeUndefined();
  expect(short({ template: {}, shortLinks: { domain: 'go.x' } })).toEqual({ domain: 'go.x' });
});
