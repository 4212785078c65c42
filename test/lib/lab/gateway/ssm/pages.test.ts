import { pageOf } from '../../../../../lib/lab/gateway/ssm/pages';

test('fifty at most come at once', () => {
  const items = Array.from({ length: 120 }, (_, index) => index);
  const first = pageOf(items, {});
  expect([first.items.length, first.NextToken]).toEqual([50, '50']);
  const last = pageOf(items, { NextToken: '100' });
  expect([last.items.length, last.NextToken]).toEqual([20, undefined]);
  expect(pageOf(items, { MaxResults: 10 }).items).toHaveLength(10);
  expect(() => pageOf(items, { NextToken: 'x' })).toThrow("token 'x'");
});
