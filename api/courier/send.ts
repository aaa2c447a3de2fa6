import { z } from 'zod';
import { toCourierId } from '../../src/domain/ids';
import { type Service } from '../../src/service/service';
import { type CommandRoute } from '../route';
import { parseVolleyOptions, VOLLEY_OPTIONS_HEADER, volleyOptionsHeader } from '../volley-options';
import { firstSendBody, isFirstForm, readFirstSend, type Send } from './first-send';
import { readMessageSpec } from './inbound-message';
import { messageIdText } from './openapi-parts';
import { refuseUnsupported } from './send-limits';
import { readSendRecipient } from './send-recipient';
import { sendBody, type SendMessage } from './send-schema';
import { invalidRequest, validateBody } from './validate';

const EXAMPLE = {
  message: {
    to: { user_id: 'spike_spiegel', email: 'spike@bebop.example' },
    template: 'my-notification-or-event',
    data: { recipientName: 'Spike Spiegel' },
  },
};

const FIRST_EXAMPLE = {
  ...{ event: 'my-notification-or-event', recipient: 'spike_spiegel' },
  ...{ profile: { email: 'spike@bebop.example' }, data: { recipientName: 'Spike Spiegel' } },
};

/** `POST /send`: one message to one recipient, or to each of up to 100. More are a bulk job. */
export function sendRoute(deps: { service: Service; now: () => number }): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: '/send',
    auth: 'workspace',
    openapi: {
      operationId: 'send',
      summary: 'Send a message',
      description: 'What Courier has and Volley does not is refused, and listed in docs/courier-send.md.',
      requestParams: { header: volleyOptionsHeader('messages') },
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: z.union([sendBody, firstSendBody]),
            examples: {
              template: { summary: 'One user', value: EXAMPLE },
              first: { summary: "Courier's first form", value: FIRST_EXAMPLE },
            },
          },
        },
      },
      responses: {
        '200': {
          description: 'Accepted, in the first form.',
          content: { 'application/json': { schema: z.object({ messageId: messageIdText }) } },
        },
        '202': {
          description: 'Accepted.',
          content: {
            'application/json': {
              schema: z.object({
                requestId: z.string().meta({
                  description: "For one recipient the message's id too; for several, list them by `traceId`.",
                }),
              }),
            },
          },
        },
      },
    },
    async handle(call, tx) {
      const { guarantee, linkTracking } = parseVolleyOptions(call.header(VOLLEY_OPTIONS_HEADER), 'messages');
      const isFirst = isFirstForm(call.body);
      const read = isFirst ? readFirstSend : readSend;
      const { requestId } = await deps.service.acceptSend(tx, {
        ...{ workspaceId: call.workspaceId, guarantee },
        ...read(call.body, deps.now(), linkTracking),
      });
      const id = toCourierId(requestId);
      return isFirst ? { status: 200, body: { messageId: id } } : { status: 202, body: { requestId: id } };
    },
  };
}

/** Throws invalid_request that names every path at fault. */
function readSend(body: unknown, acceptedAtMs: number, linkTracking: boolean | undefined): Send {
  const { message } = validateBody(sendBody, body);
  const { to, message: _nested, ...rest } = message;
  const event = rest.event ?? labelOf(rest.metadata);
  const said = event === undefined ? rest : { ...rest, event };
  const what = readMessageSpec(said, 'message', acceptedAtMs, linkTracking);
  const list: readonly Readonly<Record<string, unknown>>[] = Array.isArray(to) ? to : [to];
  const readings = list.map((one, index) =>
    readSendRecipient(one, Array.isArray(to) ? `message.to[${index}]` : 'message.to'),
  );
  const wrong = [
    ...what.problems,
    ...refuseUnsupported(message),
    ...readings.flatMap((reading) => ('problem' in reading ? [reading.problem] : [])),
  ];
  if (wrong.length > 0) throw invalidRequest(wrong);
  const recipients = readings.flatMap((reading) => ('recipient' in reading ? [reading.recipient] : []));
  return { spec: what.spec, definition: said, recipients };
}

/** The event of a message that is sent by template or content is a label. */
function labelOf(metadata: SendMessage['metadata']): string | undefined {
  const event = metadata?.['event'];
  return typeof event === 'string' && event !== '' && event.length <= 256 ? event : undefined;
}
