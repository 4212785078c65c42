import { EXIT } from '../../contract';
import { visible } from '../../safe-text';
import { Activity } from '../activity';
import type { Context } from '../context';
import { diagnose } from '../doctor/diagnose';
import type { Evidence, Finding } from '../doctor/evidence';
import { count } from '../doctor/finding';
import { DOCTOR_FAILED, EXAMINED_WITHIN_SECONDS, gather } from '../doctor/gather';
import { formatSeconds } from '../duration';
import { completeCommands } from '../next-command';
import { shortImages } from '../short-images';
import { assertDeployed, connect } from '../systems-manager';
import type { Terminal } from '../terminal';
import type { Verb } from '../verbs/verb';

/** `metals doctor`: what is wrong and why, the likely root first; exit code 3 when there is anything. */
export async function doctor(context: Context): Promise<number> {
  const { terminal } = context;
  const startedAtMs = Date.now();
  const seconds = context.timeoutSeconds ?? EXAMINED_WITHIN_SECONDS;
  const connection = await connect({ ...context, timeoutSeconds: seconds });
  await assertDeployed(context, connection, 'node-evidence', DOCTOR_FAILED);
  const activity = new Activity(terminal, 'examining the Swarm, its nodes and what AWS knows of them');
  const evidence = await gather(context, seconds).finally(() => activity.stop());
  const took = (Date.now() - startedAtMs) / 1000;
  const findings = diagnose(evidence).map((one) => asTyped(one, context, connection.region));
  if (terminal.json) terminal.value(asJson(context.stage, evidence, findings, took));
  else report(terminal, context.stage, evidence, findings, took);
  return findings.length === 0 ? EXIT.ok : EXIT.unhealthy;
}

/** Nodes report it, and one may be compromised: their text does not drive the terminal. */
function asTyped({ code, what, evidence, isNot, next }: Finding, { given }: Context, region: string): Finding {
  const typed = (text: string): string => completeCommands(visible(text), given, region);
  return { code, what: visible(what), evidence: evidence.map(visible), isNot, next: typed(next) };
}

function report(
  terminal: Terminal,
  stage: string,
  { nodes, status, swarm, missing }: Evidence,
  findings: readonly Finding[],
  seconds: number,
): void {
  const { red, bold, dim } = terminal.colors;
  for (const { code, what, evidence, isNot, next } of findings) {
    terminal.data(`${red('✖')} ${bold(what)} [${code}]`);
    for (const line of evidence) terminal.data(`    ${shortImages(line)}`);
    terminal.data(`    ${dim(isNot)}`);
    terminal.data(`    next: ${next}`);
  }
  if (findings.length === 0) terminal.data('no finding');
  for (const { what, why } of missing)
    terminal.note(terminal.noteColors.yellow(`note: ${what} could not be looked at: ${visible(why)}`));
  const lease = swarm?.lease;
  if (lease && lease.expires_in_seconds > 0)
    terminal.note(
      terminal.noteColors.yellow(
        `note: ${visible(`${lease.document} is under way on ${lease.slot} since ${lease.since}`)}: what waits for it is no fault`,
      ),
    );
  const examined = `${count(nodes.length, 'node')}, ${count(status?.services.length ?? 0, 'service')}`;
  const found = findings.length === 0 ? 'healthy' : `${count(findings.length, 'finding')}, the likely root first`;
  terminal.note(`stage ${stage}: ${found}; ${examined}, ${formatSeconds(seconds)}`);
}

const asJson = (
  stage: string,
  { nodes, status, missing }: Evidence,
  findings: readonly Finding[],
  seconds: number,
): Record<string, unknown> => ({
  stage,
  healthy: findings.length === 0,
  seconds,
  nodes: nodes.length,
  services: status?.services.length ?? 0,
  missing: missing.map(({ what, why }) => ({ what, why })),
  findings: findings.map(({ isNot, ...finding }) => ({ ...finding, is_not: isNot })),
});

export const verb: Verb = { failure: DOCTOR_FAILED, run: doctor };
