/** What verbs read, and the one line that they print. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../common/temporary-folder';

const topic = (name: string) => ({ name, partitions: 1, retention_hours: 1, max_message_bytes: 2_048 });
export const tools = (over: object) => ({
  ...{ kafka: { brokers: ['kafka:9092'] }, mongodb: { host: 'mongodb:27017' } },
  ...{ prices: topic('prices'), dead_letters: topic('letters'), kafka_disk_bytes: 2 ** 30, ...over },
});

/** Files as a container has them; resolves with the flags that name them. */
export function files(contents: Record<string, string | object>): (...names: string[]) => string[] {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(contents)) {
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return (...names) => [...names.flatMap((name) => [`--${name}`, join(folder, `${name}.yml`)]), '--secrets', folder];
}

export async function printed(run: (write: (text: string) => void) => Promise<number>) {
  const lines: string[] = [];
  const code = await run((text) => lines.push(text));
  expect(lines).toEqual([expect.stringMatching(/^\{.*\}\n$/)]);
  return { code, ...JSON.parse(lines[0]!) };
}
