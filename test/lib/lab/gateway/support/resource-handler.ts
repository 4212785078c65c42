/** A resource handler in front of a ministack that gives prepared answers. */
import { FakeMinistack } from './fake-ministack';

export const CONTEXT = { logicalId: 'Thing', stackName: 'metals-lab-data' };

export class ResourceBench {
  readonly ministack = new FakeMinistack();
  /** Answers by action; `error:<code>` refuses. */
  answers: Record<string, string> = {};

  async start(): Promise<this> {
    await this.ministack.start();
    this.ministack.answer = ({ form, headers }) => {
      const body = this.answers[form.Action ?? String(headers['x-amz-target']).split('.')[1]!];
      if (body?.startsWith('error:'))
        return { status: 400, body: `<Error><Code>${body.slice(6)}</Code><Message>m</Message></Error>` };
      return { body: body ?? (headers['x-amz-target'] ? '{}' : '<ok/>') };
    };
    return this;
  }

  /** The forms of a query action so far. */
  forms(action: string) {
    return this.ministack.requests.filter(({ form }) => form.Action === action).map(({ form }) => form);
  }

  /** The bodies of a JSON action so far. */
  json(target: string) {
    return this.ministack.requests
      .filter(({ headers }) => headers['x-amz-target'] === target)
      .map(({ body }) => JSON.parse(body));
  }
}
