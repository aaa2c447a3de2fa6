/** The batch of the seed's curl example, for the OpenAPI document; the addresses are what the seed's own text has, no-break space included. */
const receiver = { contacts: [{ identifierValue: '[email\u00a0protected]' }] };

export const BATCH_EXAMPLE = {
  messageRequests: [
    { receiver, body: { type: 'text', text: { text: 'Hey, I am a simple text message' } } },
    {
      receiver,
      template: {
        projectId: '4b7e08a9-5d0e-4e56-aaf1-cd0bfa29d431',
        version: 'fe72e43f-340e-4d41-9a9e-a136278ebb04',
        locale: 'en',
      },
    },
    {
      receiver,
      body: { type: 'text', text: { text: 'Hey, I am a scheduled message' } },
      scheduledFor: '2024-11-26T15:00:00.000Z',
    },
  ],
};
