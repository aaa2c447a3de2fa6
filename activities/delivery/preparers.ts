import { type Dependencies } from '../dependencies';
import { createLinker } from './links';
import { createChannelOpener } from './open-channel';
import { type Preparers } from './prepare';

/** One set for a process: channels and links are remembered over all of its deliveries. */
export function createPreparers(deps: Dependencies): Preparers {
  return { openChannel: createChannelOpener(deps), linker: createLinker(deps) };
}
