/** Watches what passes the gateway and keeps where it does not fit botocore's models, for /_lab/status and the log. */
import type http from 'node:http';
import { errorText, type Log } from '../log';
import { checkExchange } from './check';
import type { Problem } from './exchange';
import type { ServiceModel } from './model';

/** A larger body is not looked into: objects of S3 pass by gigabytes. */
export const MAX_BODY_BYTES = 1024 * 1024;
/** Different problems that are kept; one more says that there were others. */
const MAX_PROBLEMS = 500;

export interface CountedProblem extends Problem {
  readonly service: string;
  readonly count: number;
}

export interface ShapeReport {
  /** Each different problem once, in the order of their first time. */
  readonly shapeProblems: readonly CountedProblem[];
  readonly shapeChecks: {
    readonly checked: number;
    /** Mean CPU time of one check, which comes after the answer has gone out. */
    readonly meanMicroseconds: number;
    /** Different operations, as `ssm:SendCommand`. */
    readonly operations: readonly string[];
    /** Bodies beyond MAX_BODY_BYTES or in a stream's own encoding: headers and path were checked alone. */
    readonly bodiesSkipped: number;
    /** Calls by service of which botocore has no model, or whose protocol is not checked (CBOR). */
    readonly unchecked: Readonly<Record<string, number>>;
  };
}

interface ModelSource {
  get(service: string): ServiceModel | undefined;
}

/** Parts up to the limit; undefined once there were more. */
class BoundedBody {
  private parts: Buffer[] | undefined = [];
  private bytes = 0;

  add(part: Buffer): void {
    this.bytes += part.length;
    if (this.bytes > MAX_BODY_BYTES) this.parts = undefined;
    else this.parts?.push(part);
  }

  get whole(): Buffer | undefined {
    return this.parts && Buffer.concat(this.parts);
  }
}

export class ShapeWatch {
  private readonly problems = new Map<string, { problem: CountedProblem; count: number }>();
  private readonly operations = new Set<string>();
  private readonly unchecked: Record<string, number> = {};
  private checked = 0;
  private bodiesSkipped = 0;
  private microseconds = 0;

  constructor(
    private readonly models: ModelSource,
    private readonly log: Log,
  ) {}

  /**
   * Follows one request; it is checked once its answer has gone out, so that nobody waits for it. The function answered
   * is to be given the request's body, whole or in parts.
   */
  observe(
    service: string,
    message: http.IncomingMessage,
    response: http.ServerResponse,
  ): (requestPart: Buffer) => void {
    const request = new BoundedBody();
    const answer = new BoundedBody();
    const answerHeaders = copyAnswer(response, answer);
    response.once('finish', () => {
      setImmediate(() =>
        this.check(
          service,
          message,
          response,
          { ...answerHeaders, ...response.getHeaders() },
          request.whole,
          answer.whole,
        ),
      );
    });
    return (part) => request.add(part);
  }

  report(): ShapeReport {
    return {
      shapeProblems: [...this.problems.values()].map(({ problem, count }) => ({ ...problem, count })),
      shapeChecks: {
        checked: this.checked,
        meanMicroseconds: this.checked === 0 ? 0 : Math.round(this.microseconds / this.checked),
        operations: [...this.operations].sort(),
        bodiesSkipped: this.bodiesSkipped,
        unchecked: this.unchecked,
      },
    };
  }

  private check(
    service: string,
    message: http.IncomingMessage,
    { statusCode }: http.ServerResponse,
    answerHeaders: http.OutgoingHttpHeaders,
    requestBody: Buffer | undefined,
    answerBody: Buffer | undefined,
  ): void {
    let started = process.cpuUsage();
    try {
      const model = this.models.get(service);
      // Without the reading of the model, which is done once.
      started = process.cpuUsage();
      const checked =
        model &&
        checkExchange(model, {
          method: message.method!,
          url: message.url!,
          requestHeaders: flat(message.headers),
          requestBody,
          status: statusCode,
          answerHeaders: flat(answerHeaders),
          answerBody: answerHeaders['content-encoding'] === undefined ? answerBody : undefined,
        });
      if (!checked) {
        this.unchecked[service] = (this.unchecked[service] ?? 0) + 1;
        return;
      }
      this.checked += 1;
      this.bodiesSkipped += checked.skipped.length;
      this.operations.add(`${service}:${checked.operation}`);
      for (const problem of checked.problems) this.add(service, problem);
    } catch (error) {
      // An unreadable model is a failure of the lab, and it must not end the gateway: it stands in the list as well.
      this.add(service, { operation: '', side: 'request', problem: `the check itself failed: ${errorText(error)}` });
    } finally {
      const { user, system } = process.cpuUsage(started);
      this.microseconds += user + system;
    }
  }

  private add(service: string, problem: Problem): void {
    const key = [service, problem.operation, problem.side, problem.problem].join('\n');
    const known = this.problems.get(key);
    if (known) {
      known.count += 1;
      return;
    }
    if (this.problems.size > MAX_PROBLEMS) return;
    const isLast = this.problems.size === MAX_PROBLEMS;
    const kept = isLast
      ? { ...problem, problem: `more than ${MAX_PROBLEMS} different problems: the rest is not kept` }
      : problem;
    this.problems.set(key, { problem: { service, ...kept, count: 1 }, count: 1 });
    this.log('shapes', `${service}:${kept.operation} ${kept.side}: ${kept.problem}`);
  }
}

/** Node names headers in lower case; of a repeated one the values are joined, as RFC 9110 has it. */
function flat(headers: Readonly<Record<string, number | string | readonly string[] | undefined>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      value === undefined ? undefined : Array.isArray(value) ? value.join(', ') : String(value),
    ]),
  );
}

/** Adds what is written to the response to `copy` as well. The headers it answers are filled by `writeHead`. */
function copyAnswer(response: http.ServerResponse, copy: BoundedBody): http.OutgoingHttpHeaders {
  const headers: http.OutgoingHttpHeaders = {};
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => http.ServerResponse;
  const write = response.write.bind(response) as (...args: unknown[]) => boolean;
  const end = response.end.bind(response) as (...args: unknown[]) => http.ServerResponse;
  const add = (chunk: unknown): void => {
    if (typeof chunk === 'string') copy.add(Buffer.from(chunk));
    else if (chunk instanceof Uint8Array) copy.add(Buffer.from(chunk));
  };
  response.writeHead = ((...args: unknown[]) => {
    // Node does not keep for getHeaders() what only writeHead was given.
    const given = args.at(-1);
    if (typeof given === 'object' && given !== null) Object.assign(headers, given);
    return writeHead(...args);
  }) as typeof response.writeHead;
  response.write = ((...args: unknown[]) => {
    add(args[0]);
    return write(...args);
  }) as typeof response.write;
  response.end = ((...args: unknown[]) => {
    add(args[0]);
    return end(...args);
  }) as typeof response.end;
  return headers;
}
