/** Pure: how much of a step's output arrives. Limits and suffix: amazon-ssm-agent, iohandler.DefaultOutputConfig. */

/** The agent sends a stream of fewer bytes whole. */
const AGENT_LIMIT_BYTES = 24_000;
const TRUNCATED = '--output truncated--';
/** GetCommandInvocation keeps the beginning of stderr, and marks no cut. */
const API_STDERR_CHARACTERS = 8_000;

/** A stream as the agent sends it; a cut inside a character leaves U+FFFD. */
export function truncateAsAgent(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length < AGENT_LIMIT_BYTES) return text;
  return bytes.subarray(0, AGENT_LIMIT_BYTES - TRUNCATED.length).toString('utf8') + TRUNCATED;
}

/** The agent's stderr as the API keeps it. */
export const keptStderr = (text: string): string => truncateAsAgent(text).slice(0, API_STDERR_CHARACTERS);
