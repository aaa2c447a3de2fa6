/** How the documents mark what the API that they describe does not have. */
export function ours(text: string): string {
  return `Volley's own. ${text}`;
}
