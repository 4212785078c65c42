/** What a first deployment, or the one after a failed one, would meet on AWS. */
import { synthesise } from './synthesise';

const templates = synthesise();

it.each(Object.entries(templates))('stack %s makes no log group that Lambda makes too', (_name, template) => {
  const named = Object.entries(template.findResources('AWS::Logs::LogGroup')).filter(([, { Properties }]) =>
    JSON.stringify(Properties?.LogGroupName ?? '').includes('/aws/lambda/'),
  );
  expect(named.map(([logicalId]) => logicalId)).toEqual([]);
});
