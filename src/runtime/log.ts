import pino, { type Logger } from 'pino';

/** JSON lines on stdout: ids and counts only. Fields that could carry a person or a secret are cut if they slip in. */
export function createLog(level: string, process: string): Logger {
  return pino({
    level,
    base: { process },
    redact: {
      paths: [
        '*.authorization',
        '*.address',
        '*.email',
        '*.credentials',
        'err.detail',
        'err.where',
        'err.parameters',
      ],
      remove: true,
    },
  });
}
