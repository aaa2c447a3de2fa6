import { type Command } from 'commander';
import { createProgram } from '../../../src/cli/program';

export interface Ran {
  readonly out: string;
  readonly err: string;
  /** What the process would exit with: 1 also where the command threw. */
  readonly exitCode: number;
  readonly error: Error | undefined;
}

/** Runs one `volley` command in this process, with nothing in its environment but what is given. */
export async function runCommand(env: Record<string, string>, ...words: string[]): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const spies = [
    jest.spyOn(console, 'log').mockImplementation((...parts) => void out.push(parts.join(' '))),
    jest.spyOn(console, 'error').mockImplementation((...parts) => void err.push(parts.join(' '))),
  ];
  const before = process.env;
  process.env = { PATH: before['PATH'], VOLLEY_DATA_DIR: '/nonexistent', ...env };
  let error: Error | undefined;
  try {
    const program = createProgram();
    for (const command of withAllBelow(program)) command.exitOverride();
    await program.parseAsync(['node', 'volley', ...words]);
  } catch (thrown) {
    error = thrown as Error;
  } finally {
    process.env = before;
    for (const spy of spies) spy.mockRestore();
  }
  const exitCode = error ? 1 : Number(process.exitCode ?? 0);
  process.exitCode = 0;
  return { out: out.join('\n'), err: err.join('\n'), exitCode, error };
}

function withAllBelow(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withAllBelow)];
}
