import { ownTargetOf } from '../../../src/webhooks/own-target';

const targetOf = (url: unknown) => ownTargetOf({ echo: { notification: { url } } }, {});

test.each(['https://u:p@hooks.example.com/x', 'https://u@hooks.example.com/x', 'ftp://example.com', 'x', 7])(
  '%s, which the guard would never call, has no line of its own',
  (url) => expect(targetOf(url)).toBeUndefined(),
);

test.each(['https://hooks.example.com/x?a=1', 'http://127.0.0.1:9/x', 'https://hööks.example.com/x'])(
  '%s is called in place of the subscription',
  (url) => expect(targetOf(url)).toBe(url),
);
