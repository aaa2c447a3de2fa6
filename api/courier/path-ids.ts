import { VolleyError } from '../../src/domain/errors';
import { fromCourierId } from '../../src/domain/ids';
import { type JobRef } from '../../src/service/service';
import { type Call } from '../route';

/** The job in the path. An id that is none names nothing, and so is a 404 like any other unknown one. */
export function jobInPath(call: Call): JobRef {
  return { workspaceId: call.workspaceId, jobId: idInPath(call, 'jobId', 'job') };
}

export function messageInPath(call: Call): { workspaceId: string; messageId: string } {
  return { workspaceId: call.workspaceId, messageId: idInPath(call, 'messageId', 'message') };
}

/** A bulk job, a send, or one of their messages. */
export function requestInPath(call: Call): { workspaceId: string; requestId: string } {
  return { workspaceId: call.workspaceId, requestId: idInPath(call, 'requestId', 'request') };
}

export function noSuchMessage(): VolleyError {
  return noSuch('message');
}

function idInPath(call: Call, name: string, noun: string): string {
  const id = fromCourierId(call.params[name] ?? '');
  if (id === undefined) throw noSuch(noun);
  return id;
}

function noSuch(noun: string): VolleyError {
  return new VolleyError('not_found', `There is no such ${noun} in this workspace.`);
}
