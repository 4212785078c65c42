import { completeCommands, shellQuote, withSettings } from '../../../lib/cli/next-command';

const GIVEN = { stage: 'staging', region: 'eu-west-3', profile: 'work' };

test.each([
  ['./bin/metals deploy', './bin/metals --stage staging --region eu-west-3 --profile work deploy'],
  [
    'older: ./bin/metals dlq list --before 6, with the same options',
    'older: ./bin/metals --stage staging --region eu-west-3 --profile work dlq list --before 6, with the same options',
  ],
  [
    './bin/metals ami --update --region eu-west-1',
    './bin/metals --stage staging --profile work ami --update --region eu-west-1',
  ],
  ['./bin/metals --help', './bin/metals --help'],
  ['npm run cdk -- bootstrap    # once', 'AWS_REGION=eu-west-3 npm run cdk -- --profile work bootstrap    # once'],
  ['npm run cdk -- bootstrap --profile me', 'AWS_REGION=eu-west-3 npm run cdk -- bootstrap --profile me'],
  ['aws sts get-caller-identity', 'aws --region eu-west-3 --profile work sts get-caller-identity'],
  [
    'see it:  aws ssm list-command-invocations --command-id c-1 --region eu-west-1',
    'see it:  aws --profile work ssm list-command-invocations --command-id c-1 --region eu-west-1',
  ],
  ['aws sso login --profile me', 'aws sso login --profile me'],
  ['aws configure list-profiles', 'aws configure list-profiles'],
  [
    'aws account enable-region --region-name af-south-1',
    'aws --profile work account enable-region --region-name af-south-1',
  ],
  [
    'behind a proxy: the CDK and aws command lines take it too',
    'behind a proxy: the CDK and aws command lines take it too',
  ],
  ['npm run lab', 'npm run lab'],
])('%s', (text, completed) => {
  expect(completeCommands(text, GIVEN)).toBe(completed);
  expect(completeCommands(completed, GIVEN)).toBe(completed);
  expect(completeCommands(text, {})).toBe(text);
});

test('the region that was looked at is for AWS and the CDK; our own commands find it again', () => {
  const lines = './bin/metals images --update\naws ec2 create-default-vpc\nnpm run cdk -- bootstrap';
  expect(completeCommands(lines, { stage: 'blue' }, 'eu-west-1')).toBe(
    './bin/metals --stage blue images --update\n' +
      'aws --region eu-west-1 ec2 create-default-vpc\nAWS_REGION=eu-west-1 npm run cdk -- bootstrap',
  );
});

test('the program is called as it was found', () => {
  const text = 'see ./bin/metals status; then: ./bin/metals --help';
  expect(completeCommands(text, { command: 'metals', stage: 'blue' })).toBe(
    'see metals --stage blue status; then: metals --help',
  );
  expect(completeCommands(text, { command: '/a folder/bin/metals' })).toBe(
    "see '/a folder/bin/metals' status; then: '/a folder/bin/metals' --help",
  );
});

test('other programs are led to a lab that the shell does not know of', () => {
  const lines = './bin/metals status\naws sts get-caller-identity\nnpm run cdk -- diff';
  const completed = './bin/metals status\n. .lab/env && aws sts get-caller-identity\n. .lab/env && npm run cdk -- diff';
  expect(completeCommands(lines, { enteredLab: true })).toBe(completed);
  expect(completeCommands(completed, { enteredLab: true })).toBe(completed);
});

test('each line is completed', () => {
  expect(completeCommands('./bin/metals status\n./bin/metals deploy', { stage: 'blue' })).toBe(
    './bin/metals --stage blue status\n./bin/metals --stage blue deploy',
  );
});

test('words are quoted for a shell', () => {
  expect(completeCommands('./bin/metals status', { profile: "it's; reboot" })).toBe(
    `./bin/metals --profile 'it'\\''s; reboot' status`,
  );
  expect(withSettings('deploy', ['workers=3', 'availabilityZones=a,c', 'note=two words'])).toBe(
    "deploy --context workers=3 --context availabilityZones=a,c --context 'note=two words'",
  );
  expect(withSettings('deploy')).toBe('deploy');
  expect(shellQuote('')).toBe("''");
});
