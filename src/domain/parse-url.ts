/** Not by `URL.canParse`: once Node 20 has compiled it, it refuses every URL with a letter like `ü` in its host. */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** True for a URL with a user name or a password in it: the egress guard calls none. */
export function hasCredentials({ username, password }: URL): boolean {
  return username !== '' || password !== '';
}
