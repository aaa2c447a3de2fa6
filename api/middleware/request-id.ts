import { type RequestHandler, type Response } from 'express';
import { v7 as uuidv7 } from 'uuid';

/** Printable and harmless in a log line or a URL, whoever chose it. */
const ACCEPTABLE = /^[A-Za-z0-9._~-]{1,128}$/;

/** Takes the caller's X-Request-Id where it is harmless, makes one where not, and gives it back with every answer. */
export const requestId: RequestHandler = (req, res, next) => {
  const given = req.headers['x-request-id'];
  const id = typeof given === 'string' && ACCEPTABLE.test(given) ? given : uuidv7();
  res.locals['requestId'] = id;
  res.setHeader('X-Request-Id', id);
  next();
};

/** The id of this request, as `requestId` set it. */
export function requestIdOf(res: Response): string {
  return String(res.locals['requestId']);
}
