import { type LedgerActivities } from '../workflows/contract';
import { cancelMessage } from '../src/ledger/moves';
import { type Dependencies } from './dependencies';

/** The command cancel on one message, from its workflow. */
export function createCancelMessage({ db }: Pick<Dependencies, 'db'>): LedgerActivities['cancelMessage'] {
  return ({ messageId }) => db.transaction((tx) => cancelMessage(tx, messageId));
}
