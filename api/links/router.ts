import { Router, type Request, type RequestHandler, type Response } from 'express';
import { type Logger } from 'pino';
import { type Database } from '../../src/ledger/database';
import { findLink, findShortLink } from '../../src/ledger/links';
import { createRedirects, type ClickAnswer } from '../../src/links/redirect';
import { isShortId } from '../../src/links/short-links';
import { type Tokens } from '../../src/links/tokens';
import { createUnsubscribe } from '../../src/links/unsubscribe';
import { type Visit } from '../../src/links/visits';
import { createLinkVisits, createUnsubscribeStore } from '../../src/service/link-visits';
import { rawBytes } from '../middleware/body';

/** A form of one field. So small a body needs no room of its own (api/middleware/body-room.ts). */
const MAX_FORM_BYTES = 64 * 1024;

export interface LinkDeps {
  readonly db: Database;
  readonly tokens: Tokens;
  /** Origin of the long links: on its host there are no short ones. */
  readonly base: string;
  readonly log: Logger;
}

/**
 * Volley's own links (docs/links.md): clicks, the pixel, the unsubscribe page, short links by their host. No API key: the
 * token says what its bearer may do. A visit is answered whether or not it could be written down; an unsubscription is not.
 */
export function createLinkRouter({ db, tokens, base, log }: LinkDeps): Router {
  const redirects = createRedirects(tokens, {
    link: (messageId, linkId) => findLink(db, messageId, linkId),
    shortLink: (domain, id) => findShortLink(db, domain, id),
  });
  const visits = createLinkVisits(db);
  const unsubscribe = createUnsubscribe(tokens, createUnsubscribeStore(db));
  const ownHost = new URL(base).host;
  const router = Router();

  router.get('/c/:token', named('/c/{token}'), async (req, res) => {
    await answerClick(res, await redirects.resolveClick(param(req, 'token'), visitOf(req)));
  });

  router.get('/o/:token', named('/o/{token}'), async (req, res) => {
    const answer = redirects.openPixel(param(req, 'token'), visitOf(req));
    if (answer.status === 200 && answer.counts) await noted(visits.opened(answer.messageId));
    // A webmail shows the picture on a page of another site.
    res.set({ ...answer.headers, 'Cross-Origin-Resource-Policy': 'cross-origin' });
    res.status(answer.status).end(req.method === 'HEAD' ? undefined : answer.body);
  });

  router.all('/u/:token', named('/u/{token}'), async (req, res) => {
    const contentType = req.headers['content-type'];
    const answer = await unsubscribe({
      method: req.method,
      token: param(req, 'token'),
      ...(contentType === undefined ? {} : { contentType }),
      ...(req.method === 'POST' ? { body: () => rawBytes(req, res, MAX_FORM_BYTES) } : {}),
    });
    res.status(answer.status).set(answer.headers);
    res.end(req.method === 'HEAD' ? undefined : answer.html);
  });

  router.get('/:id', async (req, res, next) => {
    const id = param(req, 'id');
    const { host = '' } = req.headers;
    if (host.toLowerCase() === ownHost || !isShortId(id.replace(/[^A-Za-z0-9]+$/, ''))) return next();
    const answer = await redirects.resolveShort(host, id, visitOf(req));
    // Whatever else has such a path is not ours to refuse.
    if (answer.status === 404) return next();
    res.locals['template'] = '/{shortId}';
    await answerClick(res, answer);
  });

  return router;

  async function answerClick(res: Response, answer: ClickAnswer): Promise<void> {
    if (answer.status === 302 && answer.counts) await noted(visits.clicked(answer.messageId, answer.url));
    res.status(answer.status).set(answer.headers);
    if (answer.status === 302) res.set('Location', answer.location);
    res.end();
  }

  /** A person waits for the page behind the link: a ledger that cannot write now costs a number and no click. */
  async function noted(visit: Promise<boolean>): Promise<void> {
    await visit.catch((error: Error) => log.warn({ event: 'link.visit_not_noted', reason: error.name }));
  }
}

function named(template: string): RequestHandler {
  return (_req, res, next) => {
    res.locals['template'] = template;
    next();
  };
}

function visitOf({ method, headers }: Request): Visit {
  return { method, headers };
}

function param(req: Request, name: string): string {
  const value = (req.params as Readonly<Record<string, string | undefined>>)[name];
  return value ?? '';
}
