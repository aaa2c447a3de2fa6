/**
 * A call that cannot even be made, and will not be at another try either. It counts as a failure of the endpoint, so that its
 * owner sees it and it ends as others do. `message` is shown to the owner: no address, no secret in it.
 */
export class CallFault extends Error {}

/** Runs what works on nothing but what it was given: a fault of it is one of this event, and not of the ledger. */
export function built<T>(make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new CallFault('Volley cannot put this event into words. This is a fault of Volley: report it.', {
      cause,
    });
  }
}
