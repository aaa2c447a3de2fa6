import { z } from 'zod';
import { DEFAULT_GATE_SETTINGS } from '../domain/gate-wishes';
import { DAYS, parseOpeningHours } from '../domain/opening-hours';
import { isZone } from '../domain/zoned-time';

/** A cap of more is none, and a year of uses is as much as one recipient's log should hold. */
const MAX_CAP_COUNT = 1_000;
const MAX_CAP_DAYS = 365;
const MAX_HOURS_CHARS = 256;

const zone = z
  .string()
  .max(64)
  .refine(isZone, 'must be a time zone of the tz database, such as Europe/Amsterdam')
  .meta({ description: 'For recipients of whom neither profile nor phone number tells. UTC where absent.' });
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 21:00');

export const quietHoursSchema = z
  .strictObject({
    start: clock.meta({ example: '21:00' }),
    end: clock.meta({ example: '08:00', description: 'On the next day unless it is after the start.' }),
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .max(DAYS.length)
      .optional()
      .meta({ description: 'Days on which they begin. All where absent.' }),
    zone: zone.optional(),
  })
  .refine(({ start, end }) => start !== end, { path: ['end'], error: 'must not be the start' });

export const deliveryWindowSchema = z.strictObject({
  hours: z
    .string()
    .max(MAX_HOURS_CHARS)
    .refine(
      (text) => parseOpeningHours(text) !== undefined,
      'must be opening hours such as Mo-Fr 08:00-18:00',
    )
    .meta({ example: 'Mo-Fr 08:00-18:00; Sa 10:00-14:00' }),
  zone: zone.optional(),
});

export const holdoutPercentSchema = z.number().min(0).max(100);

export const capSchema = z.strictObject({
  count: z.int().min(1).max(MAX_CAP_COUNT),
  periodDays: z.int().min(1).max(MAX_CAP_DAYS),
});

/** As it is read from the ledger: a part that no longer fits counts as not set, so that one bad value stops no delivery. */
export const gateSettingsSchema = z.object({
  quietHours: quietHoursSchema.optional().catch(undefined),
  holdoutPercent: holdoutPercentSchema.catch(DEFAULT_GATE_SETTINGS.holdoutPercent),
  cap: capSchema.catch({ ...DEFAULT_GATE_SETTINGS.cap }),
  deliveryWindow: deliveryWindowSchema.optional().catch(undefined),
});
