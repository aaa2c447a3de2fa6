/**
 * A yes or no as clients write it in a query: .NET's booleans begin with a capital (Courier's C# SDK up to 0.4), PHP's
 * http_build_query writes 1 and 0. Undefined for any other text.
 */
export function flagOf(text: string): boolean | undefined {
  const said = text.toLowerCase();
  if (said === 'true' || said === '1') return true;
  return said === 'false' || said === '0' ? false : undefined;
}
