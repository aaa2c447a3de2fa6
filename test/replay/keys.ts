/** The key that the committed histories were recorded with: for tests only, so that anybody can replay them. */
export const RECORDING_KEY = `recording:${Buffer.alloc(32, 'volley').toString('base64')}`;
