import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

/** A row of people.csv. All of them are invented; example.test is nobody's domain. */
export interface Person {
  readonly user_id: string;
  readonly name: string;
  /** Empty for two of them, who cannot be reached. */
  readonly email: string;
  readonly locale: string;
  readonly plan: string;
}

/** Calls to fill the job with, as an application would page through its own customers. */
const INGESTIONS = 3;

export function readPeople(): readonly Person[] {
  return parse<Person>(readFileSync(join(__dirname, 'people.csv')), { columns: true, trim: true });
}

/** The file in three parts, each with the number of its first row (from 1). */
export function inParts(people: readonly Person[]): readonly { first: number; people: readonly Person[] }[] {
  const size = Math.ceil(people.length / INGESTIONS);
  return Array.from({ length: INGESTIONS }, (_, part) => ({
    first: part * size + 1,
    people: people.slice(part * size, (part + 1) * size),
  }));
}

/** A person as Courier's Bulk API takes one. */
export function toUser({ user_id, name, email, locale, plan }: Person): unknown {
  return {
    profile: { ...(email === '' ? {} : { email }), locale },
    to: { user_id, data: { name, plan } },
  };
}
