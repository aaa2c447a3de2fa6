import { parentPort } from 'node:worker_threads';
import { htmlToPlain } from './html-to-plain';
import { createLiquidEngine, PieceError, type Piece } from './liquid-engine';

/** The scope travels as JSON: quicker than a structured clone, and nothing but plain own properties comes out of it. */
export type ThreadRequest =
  | { readonly type: 'liquid'; readonly pieces: readonly Piece[]; readonly scopeJson: string }
  | { readonly type: 'plain'; readonly html: string };

export type ThreadReply =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly outputs: readonly string[] }
  | { readonly type: 'failed'; readonly detail: string };

const engine = createLiquidEngine();

function answer(request: ThreadRequest): ThreadReply {
  try {
    if (request.type === 'plain') return { type: 'done', outputs: [htmlToPlain(request.html)] };
    const scope = Object.assign(Object.create(null) as object, JSON.parse(request.scopeJson) as object);
    return { type: 'done', outputs: engine.render(request.pieces, scope) };
  } catch (error) {
    return {
      type: 'failed',
      detail: error instanceof PieceError ? error.message : 'the body could not be rendered',
    };
  }
}

parentPort?.on('message', (request: ThreadRequest) => parentPort?.postMessage(answer(request)));
parentPort?.postMessage({ type: 'ready' } satisfies ThreadReply);
