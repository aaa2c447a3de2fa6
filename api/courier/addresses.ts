import { type Addresses } from '../../src/domain/message-spec';

/**
 * Where Courier's users keep their addresses. For each kind the first that holds text; `profile` before `to`, because
 * that is where Courier's providers look. Whether an address can be reached is decided when the message is sent.
 *
 * | kind  | places                                                                        |
 * |-------|-------------------------------------------------------------------------------|
 * | email | email                                                                         |
 * | sms   | phone_number                                                                  |
 * | push  | firebaseToken, firebaseToken[0]; then of expo and of apn: token, tokens, tokens[0], tokens[0].token; apn itself |
 * | chat  | slack.channel, .user_id, .email; ms_teams.conversation_id, .channel_id, .user_id, .email; discord.channel_id, .user_id |
 *
 * An inbox is the user's id, unless Volley made that up. A webhook takes every recipient and needs no address.
 */
type Source = Readonly<Record<string, unknown>>;
type Place = readonly (string | number)[];

const PLACES: Readonly<Record<'email' | 'sms' | 'push' | 'chat', readonly Place[]>> = {
  email: [['email']],
  sms: [['phone_number']],
  push: [['firebaseToken'], ['firebaseToken', 0], ...tokensOf('expo'), ['apn'], ...tokensOf('apn')],
  chat: [
    ['slack', 'channel'],
    ['slack', 'user_id'],
    ['slack', 'email'],
    ['ms_teams', 'conversation_id'],
    ['ms_teams', 'channel_id'],
    ['ms_teams', 'user_id'],
    ['ms_teams', 'email'],
    ['discord', 'channel_id'],
    ['discord', 'user_id'],
  ],
};

/** A MultipleTokens of Courier's SDKs: `tokens` are texts from 9 on (one, or a list), objects up to 8. */
function tokensOf(service: string): readonly Place[] {
  return [
    [service, 'token'],
    [service, 'tokens'],
    [service, 'tokens', 0],
    [service, 'tokens', 0, 'token'],
  ];
}

/** `userId`: the id that the caller gave, absent where there is none. */
export function addressesOf(profile: Source, to: Source, userId: string | undefined): Addresses {
  const addresses: Addresses = userId === undefined ? {} : { inbox: userId };
  for (const kind of ['email', 'sms', 'push', 'chat'] as const) {
    const address = firstText([profile, to], PLACES[kind]);
    if (address !== undefined) addresses[kind] = address;
  }
  return addresses;
}

/**
 * The address that stands for a person who came without an id, as `[kind, normal form]`. Only what is surely the same is
 * made the same: the domain of an e-mail address in lower case, the digits of a number.
 */
export function addressIdentity(addresses: Addresses): readonly [string, string] | undefined {
  const { email, sms, push, chat } = addresses;
  if (email !== undefined) return ['email', normalEmail(email)];
  if (sms !== undefined) return ['sms', sms.replace(/\D/g, '') || sms];
  if (push !== undefined) return ['push', push];
  return chat === undefined ? undefined : ['chat', chat];
}

function normalEmail(email: string): string {
  const at = email.lastIndexOf('@');
  return email.slice(0, at + 1) + email.slice(at + 1).toLowerCase();
}

function firstText(sources: readonly Source[], places: readonly Place[]): string | undefined {
  for (const source of sources) {
    for (const place of places) {
      const value = place.reduce<unknown>(step, source);
      if (typeof value === 'string' && value.trim() !== '') return value.trim();
    }
  }
  return undefined;
}

function step(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) !== (typeof key === 'number')) {
    return undefined;
  }
  return Object.hasOwn(value, key) ? (value as Record<string | number, unknown>)[key] : undefined;
}
