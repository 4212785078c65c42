import { RegionInfo } from 'aws-cdk-lib/region-info';
import { REGIONS, unknownRegion } from '../../lib/regions';

test('the regions are those of the CDK', () => {
  expect(REGIONS).toEqual(RegionInfo.regions.map(({ name }) => name).sort());
});

test.each([
  ['eu-west-1', undefined],
  ['eu-wset-1', 'an unknown region; did you mean eu-west-1?'],
  ['us-est-2', 'an unknown region; did you mean us-east-2?'],
])('%s', (region, problem) => expect(unknownRegion(region)).toBe(problem));
